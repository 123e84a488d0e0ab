#!/usr/bin/env bash
# What a customer's webhook does with a message, with curl and jq: it fetches the file.
#
#   client.sh BASE_URL KEY FOLDER < webhook.json
#
# curl follows the redirect, and sends the key along because the host stays the same.
set -euo pipefail

base=$1 key=$2 folder=$3

webhook=$(cat)
path=$(jq -er .pipes.media.downloadUrl <<<"$webhook")
name=$(jq -r '.pipes.media.fileName // (.entry[0].changes[0].value.messages[0].id + "." + (.pipes.media.mimeType | split("/")[1]))' <<<"$webhook")

curl --silent --show-error --fail --location --header "Authorization: Bearer $key" --output "$folder/$name" "$base$path"
[ "$(stat --format %s "$folder/$name")" = "$(jq -r .pipes.media.byteSize <<<"$webhook")" ]
echo "$name"
