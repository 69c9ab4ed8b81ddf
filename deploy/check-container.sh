#!/bin/sh
# Does what deploy/Dockerfile says where there is no docker, and asks the server that comes of it.
# Needs root, debootstrap and the package index; takes some minutes and 1.5 GB. From the root of the
# repository:
#   deploy/check-container.sh pizza.bundle [FOLDER]
# A Debian of the suite $SUITE (bookworm) stands for the image that the Dockerfile begins with, so
# Python's version is Debian's. FOLDER keeps it for the next time.
set -eu

bundle=$(realpath "$1")
work=$(realpath -m "${2:-$(mktemp -d)}")
suite=${SUITE:-bookworm}
source=$(pwd)
root=$work/root
port=${PORT:-8017}

# What an instruction of the Dockerfile says; of several, the last.
says() {
    sed -n "s/^$1 //p" deploy/Dockerfile | tail -n 1
}

# A list in JSON as words for the shell, each quoted.
words() {
    python3 -c 'import json, shlex, sys; print(shlex.join(json.loads(sys.argv[1])))' "$1"
}

echo "1. a fresh root of $suite"
if [ ! -e "$root/usr/bin/python3" ]; then
    debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates "$suite" "$root"
fi

echo "2. the build: $(says RUN)"
rm -rf "$root/source" "$root/install" "$root/usr/local/lib"/python3* "$root/usr/local/bin/diptych"
mkdir -p "$root/source"
# The context: what deploy/Dockerfile.dockerignore lets through.
sed -n 's/^!//p' deploy/Dockerfile.dockerignore | tar -c -T - \
    --exclude=__pycache__ --exclude='*.egg-info' | tar -x -C "$root/source"
for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do
    if [ -e "$file" ]; then install -D -m 644 "$(realpath "$file")" "$root$file"; fi
done
env -u PYTHONPATH PIP_BREAK_SYSTEM_PACKAGES=1 chroot "$root" \
    sh -c "cd /source && $(words "$(says RUN)")"

echo "3. the image: what was installed, without what it was built of"
# Debian's pip installs below local, where the image's has no such folder.
installed=$root/install
if [ -d "$installed/local" ]; then installed=$installed/local; fi
cp -a "$installed/." "$root/usr/local/"
rm -rf "$root/source" "$root/install"
du -sh "$root/usr/local"

echo "4. the server, as user $(says USER), on a file system that is read-only"
mkdir -p "$root/bundle" "$root/tmp"
inside=$work/inside.sh
cat > "$inside" <<INSIDE
set -eu
mount --bind "$root" "$root"
mount --bind "$bundle" "$root/bundle"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount -o remount,bind,ro "$root/bundle"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid $(says USER | cut -d: -f1) \
    --regid $(says USER | cut -d: -f2) --clear-groups --no-new-privs --bounding-set=-all \
    env -i PATH=/usr/local/bin:/usr/bin:/bin $(says ENV) \
    $(words "$(says ENTRYPOINT)") $(words "$(says CMD)") --port $port
INSIDE
unshare --mount --pid --fork --kill-child sh "$inside" > "$work/log" 2>&1 &
started=$!
trap 'kill "$started" 2> /dev/null || true' EXIT
url=http://127.0.0.1:$port
for _ in $(seq 300); do
    if python3 -c "from urllib.request import urlopen; urlopen('$url/readyz', timeout=2)" \
        2> /dev/null; then break; fi
    if ! kill -0 "$started" 2> /dev/null; then cat "$work/log"; exit 1; fi
    sleep 0.2
done
cat "$work/log"

echo "5. an answer, for a golden picture"
picture=$(find "$bundle/golden" -name '0.*' | head -n 1)
python3 - "$url" "$picture" <<'ASK'
import json, sys, urllib.request
from pathlib import Path

url, picture = sys.argv[1:]
data = Path(picture).read_bytes()
request = urllib.request.Request(f"{url}/predict", data, {"Content-Type": "image/jpeg"})
with urllib.request.urlopen(request) as answer:
    print(json.load(answer)["predictions"][0]["words"])
ASK

echo "6. what it may do"
server=$(pgrep -f -n "diptych serve .*--port $port")
grep -E '^(Uid|Gid|Groups|CapEff|NoNewPrivs)' "/proc/$server/status"
if nsenter -t "$server" -m -r sh -c 'touch /usr/local/x' 2> /dev/null; then
    echo "the file system can be written"
    exit 1
fi
echo "nothing can be written beside /tmp"

echo "7. the end"
kill -TERM "$server"
code=0
wait "$started" || code=$?
trap - EXIT
echo "exit code $code"
exit "$code"
