#!/bin/sh
# The browser of a program that honours BROWSER: consent.mjs with the options of CONSENT_OPTIONS, split at spaces.
set -eu
here=$(dirname "$(readlink -f "$0")")
node=$here/../../target/tools/node/node_modules/.bin/node
[ -x "$node" ] || node=node
# shellcheck disable=SC2086 # the options are split on purpose
exec "$node" "$here/consent.mjs" ${CONSENT_OPTIONS-} "$@"
