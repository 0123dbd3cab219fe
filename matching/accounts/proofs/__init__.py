"""What people prove who they are with: pure, without a database."""
