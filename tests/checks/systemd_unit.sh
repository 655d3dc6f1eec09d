#!/usr/bin/env bash
# systemd_unit.sh ROOT: systemd finds nothing wrong with the unit, and it restarts for no exit code that
# docs/operations.md says a restart does not mend. 77: systemd is not here.
set -euo pipefail
unit=$1/tools/suanpand.service

for code in 1 2 70; do
    grep -qE "^RestartPreventExitStatus=([0-9]+ )*$code( |\$)" "$unit" || { echo "exit code $code would be restarted"; exit 1; }
    grep -qE "^\| $code \|" "$1/docs/operations.md" || { echo "docs/operations.md has no exit code $code"; exit 1; }
done
command -v systemd-analyze >/dev/null || exit 77
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The server is not installed here; anything that is will do. The rest of the line is one that it understands.
installed=/usr/sbin/suanpand
grep -q "^install(TARGETS suanpand RUNTIME DESTINATION \${CMAKE_INSTALL_SBINDIR})" "$1/server/CMakeLists.txt" &&
    grep -q "^ExecStart=$installed " "$unit" || { echo "the unit starts what is not installed"; exit 1; }
state=$(sed -n 's/^StateDirectory=//p' "$unit")
grep -q "^ExecStart=.* --data-dir /var/lib/$state\$" "$unit" || { echo "the data would lie where it cannot be written"; exit 1; }
sed "s#$installed#/usr/bin/true#" "$unit" >"$scratch/suanpand.service"
said=$(systemd-analyze verify --man=no "$scratch/suanpand.service" 2>&1) || { echo "$said"; exit 1; }
if grep -F "$scratch" <<<"$said"; then exit 1; fi
