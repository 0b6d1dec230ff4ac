#!/bin/sh
# The programs that test/peers compares with. As root on Debian; elsewhere the tests say what they skip.
set -eu
missing=''
for each in gpg:gnupg sq:sq sqop:sqop openssl:openssl argon2:argon2 jose:jose; do
  command -v "${each%%:*}" >/dev/null 2>&1 || missing="$missing ${each##*:}"
done
/usr/bin/python3 -c 'import jwcrypto' 2>/dev/null || missing="$missing python3-jwcrypto"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "not here:$missing; their tests are skipped by name" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# A list of packages that is there already is good enough, and mostly is.
apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || { apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends $missing >/dev/null; }
