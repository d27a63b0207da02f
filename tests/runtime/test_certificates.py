"""The local authority and the certificates it signs: made once, renewed in time, told apart."""

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchestrator.model.errors import StateError
from orchestrator.model.proxying import is_local
from orchestrator.runtime.authority import Authority
from orchestrator.runtime.certificates import RENEW_BEFORE_S, Certificates, names_of
from orchestrator.runtime.pki import DAY_S, LEAF_DAYS, facts

NOW = 1_800_000_000.0
NAMES = names_of(["web"])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def certificates(authority: Authority, tmp_path: Path) -> Certificates:
    return Certificates(authority, tmp_path / "shop" / "tls")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_secret_is_for_its_owner_only(
    authority: Authority, certificates: Certificates, tmp_path: Path
) -> None:
    file = certificates.file_for(NAMES, NOW)
    assert mode(file) == mode(tmp_path / ".tls" / "ca.pem") == 0o600
    assert mode(file.parent) == mode(tmp_path / ".tls") == 0o700
    assert "PRIVATE" not in authority.certificate_file.read_text()


def test_a_certificate_names_services_and_lasts_as_long_as_browsers_accept(
    certificates: Certificates,
) -> None:
    leaf = facts(certificates.file_for(NAMES, NOW).read_text())
    assert leaf.names == ("*.localhost", "localhost", "web.localhost")
    assert 0 < leaf.expires - NOW <= LEAF_DAYS * DAY_S


def test_openssl_accepts_it_for_these_names_only(
    authority: Authority, certificates: Certificates
) -> None:
    file = certificates.file_for(names_of(["web"], ["shop.test"]), NOW)

    def verdict(*names: str) -> int:
        command = ("openssl", "verify", "-x509_strict", "-attime", str(int(NOW)), *names)
        files = ("-CAfile", authority.certificate_file, file)
        return subprocess.run((*command, *files), capture_output=True, check=False).returncode

    for name in ("web.localhost", "localhost", "shop.test"):
        assert verdict("-verify_hostname", name) == 0
    for address in ("127.0.0.1", "::1"):
        assert verdict("-verify_ip", address) == 0
    assert verdict("-verify_hostname", "other.localhost") != 0


def test_the_authority_speaks_for_names_of_this_machine_only() -> None:
    for name in ("localhost", "web.localhost", "shop.test", "a.b.internal", "nas.home.arpa"):
        assert is_local(name)
    for name in ("shop.example.com", "test.com", "mylocalhost", "com", ""):
        assert not is_local(name)


def test_a_name_it_may_not_speak_for_does_not_spoil_the_others(
    authority: Authority, certificates: Certificates
) -> None:
    file = certificates.file_for(names_of(["web"], ["shop.example.com"]), NOW)
    assert facts(file.read_text()).names == ("*.localhost", "localhost", "web.localhost")


def test_it_is_kept_over_restarts_and_renewed_before_it_expires(
    authority: Authority, certificates: Certificates
) -> None:
    first = certificates.file_for(NAMES, NOW)
    again = Certificates(authority, first.parent)
    assert again.file_for(NAMES, NOW + DAY_S) == first
    due = facts(first.read_text()).expires - RENEW_BEFORE_S
    assert again.file_for(NAMES, due - 1) == first
    renewed = again.file_for(NAMES, due)
    assert renewed != first
    assert facts(renewed.read_text()).expires > due + RENEW_BEFORE_S
    assert again.file_for(NAMES, due) == renewed
    assert first.exists()  # A worker that starts anew may still be told of it.


def test_old_files_go(certificates: Certificates) -> None:
    files = [certificates.file_for(names_of([f"s{turn}"]), NOW) for turn in range(4)]
    assert [file.exists() for file in files] == [False, False, True, True]


@pytest.mark.parametrize("damage", ["", "-----BEGIN CERTIFICATE-----\n", "\x00"])
def test_what_cannot_be_read_is_made_anew(
    authority: Authority, certificates: Certificates, tmp_path: Path, damage: str
) -> None:
    certificates.file_for(NAMES, NOW).write_text(damage)
    (tmp_path / ".tls" / "ca.pem").write_text(damage)
    authority.certificate_file.write_text(damage)
    file = Certificates(authority, tmp_path / "shop" / "tls").file_for(NAMES, NOW)
    assert facts(file.read_text()).issuer == authority.current(NOW)[1].key
    assert "BEGIN CERTIFICATE" in authority.certificate_file.read_text()


def test_another_authority_means_another_certificate(
    authority: Authority, certificates: Certificates, tmp_path: Path
) -> None:
    first = certificates.file_for(NAMES, NOW)
    (tmp_path / ".tls" / "ca.pem").unlink()
    second = certificates.file_for(NAMES, NOW)
    assert facts(second.read_text()).issuer != facts(first.read_text()).issuer
    assert facts(second.read_text()).issuer == authority.current(NOW)[1].key


def test_the_authority_lasts_years_and_is_replaced_before_its_end(authority: Authority) -> None:
    _, first = authority.current(NOW)
    assert authority.current(NOW + 9 * 365 * DAY_S)[1] == first
    assert authority.current(first.expires - DAY_S)[1] != first


def test_many_that_begin_at_once_share_one_authority(tmp_path: Path) -> None:
    begin = threading.Barrier(8)
    found = []

    def make() -> None:
        begin.wait(10)
        found.append(Authority(tmp_path).current(NOW)[1].fingerprint)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 8
    assert len(set(found)) == 1


def test_processes_that_begin_at_once_share_one_authority(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from orchestrator.runtime.authority import Authority\n"
        f"print(Authority(Path(sys.argv[1])).current({NOW})[1].fingerprint)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    found = [process.communicate(timeout=30)[0] for process in running]
    assert len(found[0]) > 64
    assert len(set(found)) == 1


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / ".tls").write_text("in the way")
    with pytest.raises(StateError, match=r"local CA"):
        Authority(tmp_path).current(NOW)
