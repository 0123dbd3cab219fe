"""Speed figures of HalloWerk, from one run on one machine: `make bench`."""
