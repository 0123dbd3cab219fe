#!/usr/bin/env bash
# Makes the secret files that docker-compose.yml hands out, in ./secrets or the folder given; what is there stays.
set -euo pipefail
folder=${1:-$(dirname "$0")/../secrets}
# The uid that the containers run under, so that each can read its files and nobody else can.
owner=1000

umask 077
mkdir -p "$folder"

keep() { # NAME VALUE
  [[ -e $folder/$1 ]] && return
  printf '%s\n' "$2" >"$folder/$1.new"
  chmod 400 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
}
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

for name in elastic_password elasticsearch_password metrics_token postgres_password redis_password secret_key; do
  keep "$name" "$(random)"
done
# A Fernet key: 32 bytes in url-safe base64.
keep encryption_keys "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
keep database_url "postgresql://hallowerk:$(<"$folder/postgres_password")@postgres:5432/hallowerk"
keep redis_url "redis://:$(<"$folder/redis_password")@redis:6379/0"
# What others give out: put it in, after a `chmod u+w`.
keep smtp_password ""
keep sms_gateway_token ""
keep microsoft_client_secret ""
keep redis_conf "requirepass $(<"$folder/redis_password")"

if [[ $(id -u) == 0 ]]; then
  chown -R "$owner:$owner" "$folder"
elif [[ $(id -u) != "$owner" ]]; then
  echo "The containers run as uid $owner and could not read these files. Run once:"
  echo "  sudo chown -R $owner:$owner $folder"
fi
echo "The secrets are in $folder. Keep a copy in a safe place."
