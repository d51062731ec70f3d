#!/bin/sh
# The command by hand, as root, with the settings and secrets of the services; /usr/local/sbin/kilowatch (mode 0755).
# A KILOWATCH_DATABASE_URL of the caller goes before the services' database.

# Settings as systemd reads them: what a value holds means nothing to the shell.
settings_of() {
    while IFS= read -r line || [ -n "$line" ]; do
        name=${line%%=*} value=${line#*=}
        case $name in "$line" | "" | [0-9]* | *[!A-Za-z0-9_]*) continue ;; esac
        value=${value%"${value##*[![:space:]]}"}
        case $value in
            \"*\") value=${value#?} value=${value%?} ;;
            \'*\') value=${value#?} value=${value%?} ;;
        esac
        export "$name=$value"
    done <"$1"
}
for settings in kilowatch prefect-login; do
    if [ -r /etc/kilowatch/$settings.env ]; then settings_of /etc/kilowatch/$settings.env; fi
done
: "${KILOWATCH_DATABASE_URL_FILE:=/etc/kilowatch/database-url.secret}"
: "${KILOWATCH_MQTT_PASSWORD_FILE:=/etc/kilowatch/mqtt-password.secret}"
export KILOWATCH_DATABASE_URL_FILE KILOWATCH_MQTT_PASSWORD_FILE
exec /opt/kilowatch/bin/kilowatch "$@"
