#!/usr/bin/env bash
# Makes the engine's role and user `hallowerk`, which may touch our indexes only: engine_account.sh URL [SECRETS]
set -euo pipefail
url=$1
secrets=${2:-/run/secrets}

escaped() { # the content of a secret file, for between the quotes of JSON and of curl's configuration
  local value
  value=$(<"$secrets/$1")
  value=${value//\\/\\\\}
  printf '%s' "${value//\"/\\\"}"
}

put() { # PATH, with the body on standard input
  # No password among the arguments: the list of processes shows those.
  curl --silent --show-error --fail --output /dev/null --max-time 30 --retry 20 --retry-delay 3 --retry-all-errors \
    --config <(printf 'user = "elastic:%s"\n' "$(escaped elastic_password)") \
    --request PUT --header 'Content-Type: application/json' --data-binary @- "$url/$1"
}

put _security/role/hallowerk <<'JSON'
{
  "cluster": ["monitor"],
  "indices": [{"names": ["candidates-*", "candidates_*"], "privileges": ["all"]}]
}
JSON
put _security/user/hallowerk <<JSON
{"password": "$(escaped elasticsearch_password)", "roles": ["hallowerk"]}
JSON
echo "The engine knows the user hallowerk."
