"""Configuration files of the peers: round robin, keep-alive both ways, forwarding headers, the
replica named in the answer where the peer can, all else as it comes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Site:
    """Where a proxy listens, what is behind it, and a folder of its own."""

    folder: Path
    port: int
    backends: tuple[int, ...]
    access_log: bool = False
    websocket: bool = False
    workers: int = 1

    @property
    def log(self) -> Path:
        """Where its access log goes."""
        return self.folder / "access.log"


NGINX_COMMON: Final = """
daemon off; {processes}
pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  keepalive_requests 100000000; keepalive_timeout 300s; client_max_body_size 64m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
"""
NGINX_ALONE: Final = "master_process off; worker_processes 1;"
# Under root it would take another user for its workers, who may not write to the site's folder.
_NGINX_SEVERAL: Final = "user root; worker_processes {};"
_NGINX: Final = """
  access_log {log};
  upstream app {{ {servers} keepalive 1024; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://app; proxy_http_version 1.1; {connection}
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto http; proxy_set_header X-Forwarded-Host $http_host;
      add_header X-Replica $upstream_addr; proxy_max_temp_file_size 0;
    }} }} }}
"""
_HAPROXY: Final = """
global
  nbthread {threads}
  maxconn 4096
  {log_target}
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
  {log_lines}
frontend in
  bind 127.0.0.1:{port} backlog 4096
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-response set-header X-Replica %s
  default_backend app
backend app
  balance roundrobin
{servers}
"""
_CADDY: Final = """
{{
  admin off
  persist_config off
  auto_https off
  log {{
    level ERROR
  }}
}}
http://:{port} {{
  bind 127.0.0.1
  {log}
  reverse_proxy {servers} {{
    lb_policy round_robin
    header_down X-Replica {{http.reverse_proxy.upstream.hostport}}
    transport http {{
      keepalive_idle_conns_per_host 1024
    }}
  }}
}}
"""


def nginx(site: Site) -> Path:
    """Without the temporary files that it fills by default when a client is slower."""
    servers = " ".join(f"server 127.0.0.1:{port};" for port in site.backends)
    log = site.log if site.access_log else "off"
    upgrade = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
    text = (NGINX_COMMON + _NGINX).format(
        folder=site.folder,
        processes=NGINX_ALONE if site.workers == 1 else _NGINX_SEVERAL.format(site.workers),
        log=log,
        servers=servers,
        port=site.port,
        connection=upgrade if site.websocket else 'proxy_set_header Connection "";',
    )
    return _write(site, "nginx.conf", text)


def haproxy(site: Site) -> Path:
    """It logs to its standard output."""
    servers = "\n".join(f"  server s{port} 127.0.0.1:{port}" for port in site.backends)
    text = _HAPROXY.format(
        log_target="log stdout format raw local0" if site.access_log else "",
        log_lines="log global\n  option httplog" if site.access_log else "",
        threads=site.workers,
        port=site.port,
        servers=servers,
    )
    return _write(site, "haproxy.cfg", text)


def envoy(site: Site) -> Path:
    """As its front proxy examples: trusts no client, names each request."""
    manager = {
        "@type": _envoy_type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "in",
        "use_remote_address": True,
        "access_log": [_envoy_log(site)] if site.access_log else [],
        "upgrade_configs": [{"upgrade_type": "websocket"}] if site.websocket else [],
        "route_config": {
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                {"match": {"prefix": "/"}, "route": {"cluster": "app", "timeout": "60s"}}
            ]}],
            "response_headers_to_add": [
                {"header": {"key": "x-replica", "value": "%UPSTREAM_REMOTE_ADDRESS%"}}
            ],
        },
        "http_filters": [{
            "name": "router",
            "typed_config": {"@type": _envoy_type("filters.http.router.v3.Router")},
        }],
    }  # fmt: skip
    cluster = {
        "name": "app", "type": "STATIC", "lb_policy": "ROUND_ROBIN", "connect_timeout": "1s",
        "circuit_breakers": {"thresholds": [{"max_connections": 4096, "max_requests": 4096,
                                             "max_pending_requests": 4096}]},
        "load_assignment": {"cluster_name": "app", "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": _envoy_address(port)}} for port in site.backends
        ]}]},
    }  # fmt: skip
    listener = {
        "name": "in", "address": _envoy_address(site.port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }  # fmt: skip
    config = {"static_resources": {"listeners": [listener], "clusters": [cluster]}}
    return _write(site, "envoy.json", json.dumps(config))


def _envoy_address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _envoy_log(site: Site) -> dict[str, object]:
    kind = _envoy_type("access_loggers.file.v3.FileAccessLog")
    return {"name": "file", "typed_config": {"@type": kind, "path": str(site.log)}}


def _envoy_type(name: str) -> str:
    return f"type.googleapis.com/envoy.extensions.{name}"


def traefik(site: Site) -> Path:
    """It cannot name the replica in the answer."""
    servers = [{"url": f"http://127.0.0.1:{port}"} for port in site.backends]
    routes = {
        "http": {
            "routers": {"all": {"rule": "PathPrefix(`/`)", "service": "app"}},
            "services": {"app": {"loadBalancer": {"servers": servers}}},
        }
    }
    config = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "ERROR"},
        "entryPoints": {"in": {"address": f"127.0.0.1:{site.port}"}},
        "serversTransport": {"maxIdleConnsPerHost": 1024},
        "providers": {"file": {"filename": str(_write(site, "routes.yml", json.dumps(routes)))}},
    }
    if site.access_log:
        config["accessLog"] = {"filePath": str(site.log)}
    return _write(site, "traefik.yml", json.dumps(config))


def caddy(site: Site) -> Path:
    """Without its API, and without certificates."""
    text = _CADDY.format(
        port=site.port,
        log=f"log {{\n    output file {site.log}\n  }}" if site.access_log else "",
        servers=" ".join(f"127.0.0.1:{port}" for port in site.backends),
    )
    return _write(site, "Caddyfile", text)


def _write(site: Site, name: str, text: str) -> Path:
    path = site.folder / name
    path.write_text(text)
    return path
