"""How we speak TLS to the MQTT broker: the authority we trust, and the certificate we show."""

from __future__ import annotations

import ssl

from pipeline.errors import ConfigError
from services.settings import PREFIX, Settings


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """Return what a connection is made with; None where no authority is named, which means no TLS.

    The broker's certificate must be of that authority and bear the host's name; TLS 1.2 is the oldest.

    Raises:
        ConfigError: If a file cannot be read, or certificate and key do not come together.
    """
    cert_file, key_file = settings.mqtt_cert_file, settings.mqtt_key_file
    if (cert_file is None) != (key_file is None):
        raise ConfigError(
            f"{PREFIX}MQTT_CERT_FILE and {PREFIX}MQTT_KEY_FILE belong together: set both or none"
        )
    if settings.mqtt_ca_file is None:
        if cert_file is not None:
            raise ConfigError(
                f"{PREFIX}MQTT_CERT_FILE is shown over TLS only: set {PREFIX}MQTT_CA_FILE to the authority "
                "that signed the broker's certificate"
            )
        return None
    try:
        context = ssl.create_default_context(cafile=str(settings.mqtt_ca_file))
    except OSError as error:  # ssl.SSLError too
        raise ConfigError(
            f"{PREFIX}MQTT_CA_FILE={settings.mqtt_ca_file}: {error.strerror or error}"
        ) from error
    if cert_file is not None and key_file is not None:
        try:
            context.load_cert_chain(cert_file, key_file)
        except OSError as error:
            raise ConfigError(
                f"{PREFIX}MQTT_CERT_FILE={cert_file}, {PREFIX}MQTT_KEY_FILE={key_file}: "
                f"{error.strerror or error}; both must be PEM files, and the key that of the certificate"
            ) from error
    return context
