#!/usr/bin/env bash
# What a Qlara client does, with curl and jq.
#
#   client.sh exchange BASE_URL API_KEY FOLDER < webhook.json    keeps the answer for the media key, prints the key
#   client.sh download BASE_URL API_KEY FOLDER                   gets every file whose answer was kept
#
# A link lives an hour, a media key for as long as the file does: a link that is refused is asked for anew, once.
set -euo pipefail

step=$1 base=$2 key=$3 folder=$4

exchange() {
  curl --silent --show-error --fail --header "X-Api-Key: $key" "$base/api/files/$1" >"$folder/$1.json"
}

# Prints the status.
download() {
  curl --silent --show-error --output "$folder/$1.$2" --write-out '%{http_code}' "$(jq -r .url "$folder/$1.json")"
}

case $step in
  exchange)
    media_key=$(jq -er .content.mediaKey)
    exchange "$media_key"
    echo "$media_key"
    ;;
  download)
    for answer in "$folder"/*.json; do
      media_key=$(jq -r .mediaKey "$answer")
      extension=$(jq -r '.mimeType | split("/")[1]' "$answer")
      status=$(download "$media_key" "$extension")
      if [ "$status" = 403 ]; then
        echo "$media_key: the link had expired"
        exchange "$media_key"
        status=$(download "$media_key" "$extension")
      fi
      [ "$status" = 200 ] || { echo "$media_key: $status" >&2; exit 1; }
      [ "$(stat --format %s "$folder/$media_key.$extension")" = "$(jq -r .fileSize "$answer")" ]
      echo "$folder/$media_key.$extension"
    done
    ;;
esac
