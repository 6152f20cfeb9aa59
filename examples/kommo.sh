#!/bin/sh
# The five calls of the original, against Ponte. Only TOKEN has to be set:
#
#   TOKEN=eyJ... sh examples/kommo.sh deals
#
# PONTE_URL (default http://127.0.0.1:3000) says where Ponte is. A failure ends with curl's exit code 22
# and prints the answer, which says why.
set -eu

call() {
  path=$1
  shift
  curl --silent --show-error --fail-with-body \
    --header "Authorization: Bearer ${TOKEN:?set TOKEN: make run prints one, ponte token create NAME makes one}" \
    "$@" "${PONTE_URL:-http://127.0.0.1:3000}/api/kommo/$path"
  echo
}

post() {
  path=$1
  body=$2
  call "$path" --request POST --header "Content-Type: application/json" --data "$body"
}

# Do the credentials of Ponte's settings work, and whose account is it? (A worker asks Kommo.)
test_connection() { post test-connection '{}'; }

# A page of contacts, out of the mirror: contacts [QUERY]
contacts() { call contacts --get --data limit=50 ${1:+--data-urlencode "query=$1"}; }

# A page of deals, out of the mirror: deals [QUERY]
deals() { call deals --get --data limit=50 ${1:+--data-urlencode "query=$1"}; }

# One contact: contact ID
contact() { post contacts "{\"contactId\": ${1:?contact ID}}"; }

# One deal: deal ID
deal() { post deals "{\"dealId\": ${1:?deal ID}}"; }

# Read what changed. The answer names the runs and where to look at them.
sync() { post sync '{}'; }

case ${1:-} in
  test-connection) test_connection ;;
  contacts | deals | contact | deal | sync) "$@" ;;
  *)
    echo "usage: TOKEN=... sh $0 test-connection | contacts [QUERY] | deals [QUERY] | contact ID | deal ID | sync" >&2
    exit 2
    ;;
esac
