#!/bin/sh
# The command by hand, as root, with the settings and secrets of the services; /usr/local/sbin/kilowatch (mode 0755).
# A KILOWATCH_DATABASE_URL of the caller goes before the services' database.
set -a
for settings in kilowatch prefect-login; do
    if [ -r /etc/kilowatch/$settings.env ]; then . /etc/kilowatch/$settings.env; fi
done
: "${KILOWATCH_DATABASE_URL_FILE:=/etc/kilowatch/database-url.secret}"
: "${KILOWATCH_MQTT_PASSWORD_FILE:=/etc/kilowatch/mqtt-password.secret}"
set +a
exec /opt/kilowatch/bin/kilowatch "$@"
