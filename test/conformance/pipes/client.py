"""What a customer's Python program does with a message that it heard: it fetches the file.

    client.py BASE_URL KEY FOLDER < frame.json

urllib follows the redirect, and sends the key along to wherever it leads.
"""

import json
import os
import sys
import urllib.error
import urllib.request

base, key, folder = sys.argv[1:]
data = json.load(sys.stdin)["data"]
media = data["media"]

request = urllib.request.Request(base + media["downloadUrl"], headers={"Authorization": f"Bearer {key}"})
try:
    with urllib.request.urlopen(request, timeout=30) as answer:
        content = answer.read()
except urllib.error.HTTPError as error:
    print(json.load(error)["code"])
    sys.exit(1)

name = media.get("fileName") or data["messageId"] + "." + media["mimeType"].split("/")[1]
with open(os.path.join(folder, name), "wb") as file:
    file.write(content)
assert len(content) == media["byteSize"]
print(name)
