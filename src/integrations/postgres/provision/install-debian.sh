#!/bin/sh
# Installs PostgreSQL on Debian or Ubuntu without the cluster "main" that the package would create and start. Run as root.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

install() {
    apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

# A first failure is most often a package list that is missing or too old.
install postgresql-common || { apt-get update && install postgresql-common; }

# The package reads this file when it is configured; the owner's version is put back in any event.
settings=/etc/postgresql-common/createcluster.conf
cp -p "$settings" "$settings.saved"
trap 'mv -f "$settings.saved" "$settings"' EXIT
trap 'exit 1' HUP INT TERM
echo 'create_main_cluster = false' >> "$settings"

install postgresql || { apt-get update && install postgresql; }
