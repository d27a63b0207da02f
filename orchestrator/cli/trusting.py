"""How to have systems and programs trust a certificate authority, and how to undo it.

Sources: update-ca-certificates(8), update-ca-trust(8), trust(1), security(1), certutil(1), and the
documentation of curl, OpenSSL and Node.js.
"""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_NAME: Final = "orch-local-ca.crt"
_DEBIAN: Final = f"/usr/local/share/ca-certificates/{_NAME}"
_FEDORA: Final = f"/etc/pki/ca-trust/source/anchors/{_NAME}"


@dataclass(frozen=True, slots=True)
class Advice:
    """Commands for one system or program."""

    title: str
    do: tuple[str, ...]
    undo: tuple[str, ...] = ()


def system_of(platform: str, os_release: str, kernel: str) -> str:
    """`debian`, `fedora`, `arch`, `macos`, `wsl` or `linux`.

    `platform`: as `sys.platform`; `os_release`: the text of /etc/os-release; `kernel`: its version.
    """
    if platform == "darwin":
        return "macos"
    if "microsoft" in kernel.lower():
        return "wsl"
    pairs = (line.partition("=") for line in os_release.splitlines())
    said = {key: value.strip("\"'") for key, _, value in pairs}
    for name in (said.get("ID", ""), *said.get("ID_LIKE", "").split()):
        for family, members in _FAMILIES.items():
            if name in members:
                return family
    return "linux"


_FAMILIES: Final = {
    "debian": ("debian", "ubuntu", "alpine"),
    "fedora": ("fedora", "rhel", "centos"),
    "arch": ("arch",),
}


def system_advice(system: str, file: Path, name: str) -> list[Advice]:
    """For the whole system; `wsl` needs it on both sides, an unknown one gets all that may fit.

    `name`: what the certificate calls itself.
    """
    ca = shlex.quote(str(file))
    debian = Advice(
        "Debian, Ubuntu",
        (f"sudo cp {ca} {_DEBIAN}", "sudo update-ca-certificates"),
        (f"sudo rm {_DEBIAN}", "sudo update-ca-certificates --fresh"),
    )
    fedora = Advice(
        "Fedora, RHEL",
        (f"sudo cp {ca} {_FEDORA}", "sudo update-ca-trust"),
        (f"sudo rm {_FEDORA}", "sudo update-ca-trust"),
    )
    arch = Advice(
        "Arch", (f"sudo trust anchor --store {ca}",), (f"sudo trust anchor --remove {ca}",)
    )
    macos = Advice(
        "macOS",
        (
            "security add-trusted-cert -r trustRoot"
            f' -k "$HOME/Library/Keychains/login.keychain-db" {ca}',
        ),
        (f"security remove-trusted-cert {ca}", f'security delete-certificate -c "{name}"'),
    )
    windows = Advice(
        "Windows, for its browsers (from WSL)",
        (f'certutil.exe -user -addstore Root "$(wslpath -w {ca})"',),
        (f'certutil.exe -user -delstore Root "{name}"',),
    )
    known = {
        "debian": [debian],
        "fedora": [fedora],
        "arch": [arch],
        "macos": [macos],
        "wsl": [debian, windows],
    }
    return known.get(system, [debian, fedora, arch])


def browser_advice(system: str, file: Path, name: str) -> list[Advice]:
    """For browsers with a store of their own."""
    ca = shlex.quote(str(file))
    store = '-d sql:"$HOME/.pki/nssdb"'
    chrome = Advice(
        "Chrome and Chromium on Linux (certutil is in libnss3-tools or nss-tools)",
        (f'certutil {store} -A -t C,, -n "{name}" -i {ca}',),
        (f'certutil {store} -D -n "{name}"',),
    )
    firefox = Advice(
        "Firefox",
        (f"Settings > Privacy & Security > Certificates > View Certificates > Import: {file}",),
        (f"the same place: delete {name}",),
    )
    return [firefox] if system == "macos" else [chrome, firefox]


def program_advice(file: Path) -> list[Advice]:
    """For single programs: nothing to undo."""
    ca = shlex.quote(str(file))
    return [
        Advice("curl", (f"curl --cacert {ca} https://…",)),
        Advice("Python, Ruby, Go, OpenSSL (instead of the system's)", (f"SSL_CERT_FILE={ca}",)),
        Advice("Node.js (beside its own)", (f"NODE_EXTRA_CA_CERTS={ca}",)),
    ]
