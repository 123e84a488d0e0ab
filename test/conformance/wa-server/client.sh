#!/usr/bin/env bash
# What a client of wa-server does, with openssl, jq and curl: it trusts a webhook only if it is signed, drops what it had
# before, and gets the file behind its media_path.
#
#   client.sh BASE_URL KEY SECRET SIGNATURE FOLDER < webhook.json      prints where it kept the file, if there is one
set -euo pipefail

base=$1 key=$2 secret=$3 signature=$4 folder=$5

body=$folder/body.json
cat >"$body"
hash=$(openssl dgst -sha256 -hmac "$secret" -r "$body" | cut -d ' ' -f 1)
[ "$signature" = "sha256=$hash" ] || { echo 'the signature is wrong' >&2; exit 1; }

request=$(jq -er .request_id "$body")
[ -e "$folder/$request" ] && { echo 'had it before'; exit; }
touch "$folder/$request"

path=$(jq -r '.payload.media_path // empty' "$body")
[ -n "$path" ] || { echo 'no file yet'; exit; }
file=$folder/$(basename "$path")
curl --silent --show-error --fail --get --header "Authorization: Bearer $key" \
  --data-urlencode "path=$path" --output "$file" "$base/media"
[ "$(sha256sum "$file" | cut -d ' ' -f 1)" = "$(jq -r .payload.sha256 "$body")" ]
echo "$file"
