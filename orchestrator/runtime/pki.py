"""X.509: makes the local authority's certificate and those it signs, and reads them back.

The only module that imports `cryptography` (50 ms): imported where TLS is used. Times are seconds
since the epoch, passed in; certificates and keys are PEM, a key and its certificate in one text.
"""

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from orchestrator.model.proxying import LOCAL_DOMAINS

DAY_S: Final = 86_400
AUTHORITY_DAYS: Final = 3_650
# What browsers accept at most of an authority of one's own is 825 (Apple); of a public one 397.
LEAF_DAYS: Final = 397
# Clocks of virtual machines are late: what is made now is valid there too.
_BACKDATED_DAYS: Final = 1
_NETWORKS: Final = ("127.0.0.0/8", "::1/128")
_ADDRESSES: Final = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says."""

    subject: str
    """Its common name."""
    names: tuple[str, ...]
    """DNS names, sorted; none in an authority's."""
    expires: float
    """Seconds since the epoch."""
    fingerprint: str
    """SHA-256 of the certificate, as `AB:CD:…`."""
    key: bytes
    """Identifier of its own key."""
    issuer: bytes
    """Identifier of the key that signed it."""


def make_authority(now: float) -> str:
    """A new authority: its key and its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Stores confuse authorities of one name: each gets its own.
    name = _name(f"orch local CA {secrets.token_hex(4)}")
    builder = (
        _valid(x509.CertificateBuilder(), now, AUTHORITY_DAYS)
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_constraints(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_issued_by(key.public_key()), critical=False)
    )
    return _pem(key, builder.sign(key, hashes.SHA256()))


def make_leaf(authority: str, names: Sequence[str], now: float) -> str:
    """A key and a certificate for DNS `names` and the loopback addresses.

    `authority`: from `make_authority`. A name that is not `is_local` would spoil all others.
    """
    signer, issuer = _read(authority)
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives = [x509.DNSName(name) for name in names]
    addresses = [x509.IPAddress(ipaddress.ip_address(one)) for one in _ADDRESSES]
    builder = (
        _valid(x509.CertificateBuilder(), now, LEAF_DAYS)
        .subject_name(_name("localhost"))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([*alternatives, *addresses]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_issued_by(signer.public_key()), critical=False)
    )
    return _pem(key, builder.sign(signer, hashes.SHA256()))


def facts(pem: str) -> Facts:
    """What the first certificate in a PEM text says. Raises `ValueError` if that cannot be read, or
    the key beside it is missing or another's."""
    try:
        key, certificate = _read(pem)
        own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except (TypeError, x509.ExtensionNotFound) as error:
        raise ValueError(str(error)) from error
    if key.public_key() != certificate.public_key():
        raise ValueError("a key and a certificate that do not belong together")
    (subject,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Facts(
        str(subject.value),
        _names(certificate),
        certificate.not_valid_after_utc.timestamp(),
        certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        own.digest,
        issuer.key_identifier or b"",
    )


def certificate_of(pem: str) -> str:
    """The certificate beside a key, without the key."""
    return _read(pem)[1].public_bytes(Encoding.PEM).decode()


def _read(pem: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not a key of an elliptic curve")
    return key, x509.load_pem_x509_certificate(pem.encode())


def _pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> str:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (private + certificate.public_bytes(Encoding.PEM)).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _valid(builder: x509.CertificateBuilder, now: float, days: int) -> x509.CertificateBuilder:
    begin = now - _BACKDATED_DAYS * DAY_S
    return (
        builder.serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(begin, UTC))
        .not_valid_after(datetime.fromtimestamp(begin + days * DAY_S, UTC))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _constraints() -> x509.NameConstraints:
    # It cannot speak for any other site.
    domains = [x509.DNSName(domain) for domain in LOCAL_DOMAINS]
    networks = [x509.IPAddress(ipaddress.ip_network(network)) for network in _NETWORKS]
    return x509.NameConstraints([*domains, *networks], excluded_subtrees=None)


def _issued_by(key: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(sorted(found.value.get_values_for_type(x509.DNSName)))
