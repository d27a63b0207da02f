"""Mistakes in a manifest named `m`, and the exact words its author reads.

`{base}` stands for the manifest's folder.
"""

Table = dict[str, tuple[str | bytes, str]]

SERVICE = "kind: Service\nname: web\nimage: app:1\n"
NODE = "kind: Node\nname: n1\ncapacity: {cpu: 1, memory: 1Gi}\n"

STRUCTURE: Table = {
    "empty": (
        "",
        "m: is empty, expected a manifest (write a document with kind: Service or kind: Node)",
    ),
    "only comments": (
        "# nothing\n---\n",
        "m: is empty, expected a manifest (write a document with kind: Service or kind: Node)",
    ),
    "list": (
        "- a\n",
        "m:1:1: found a list, expected a mapping with kind and name"
        " (write kind: Service or kind: Node)",
    ),
    "scalar": (
        "hello\n",
        "m:1:1: found 'hello', expected a mapping with kind and name"
        " (write kind: Service or kind: Node)",
    ),
    "no kind": ("name: a\n", "m:1:1: kind: is missing (write kind: Service or kind: Node)"),
    "misspelt kind": ("name: a\nkin: Node\n", "m:1:1: kind: is missing (rename 'kin' to 'kind')"),
    "unknown kind": (
        "kind: Servise\n",
        "m:1:7: kind: found 'Servise', expected Service or Node (did you mean 'Service'?)",
    ),
    "strange kind": (
        "kind: Ingress\n",
        "m:1:7: kind: found 'Ingress', expected Service or Node (known here: Node, Service)",
    ),
    "kind that is a list": (
        "kind: [Node]\n",
        "m:1:7: kind: found a list, expected Service or Node (known here: Node, Service)",
    ),
    "kubernetes": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n",
        "m:1:1: apiVersion: found a Kubernetes object ('apps/v1'), expected a manifest (write it"
        " flat, without apiVersion, metadata and spec: kind, name, image, replicas)",
    ),
    "kubernetes service": (
        "kind: Service\napiVersion: v1\nmetadata: {name: web}\n",
        "m:2:1: apiVersion: found a Kubernetes object ('v1'), expected a manifest (write it"
        " flat, without apiVersion, metadata and spec: kind, name, image, replicas)",
    ),
    "compose": (
        "services:\n  web:\n    image: a\n",
        "m:1:1: services: found a Compose file, expected a manifest"
        " (write one document per service: kind: Service, name: …, image: …)",
    ),
    "not UTF-8 after a line": (
        b"kind: Service\nname: \xff\n",
        "m:2:7: found the byte 0xff, expected UTF-8 text (save the file as UTF-8)",
    ),
    "UTF-16": (
        "kind: Node".encode("utf-16"),
        "m:1:1: found the byte 0xff, expected UTF-8 text (save the file as UTF-8)",
    ),
    "control character": (
        "kind: \x1b[31mNode\n",
        "m:1:7: found the control character '\\x1b', expected plain text (remove it)",
    ),
    "too large": (
        "#" * (2**20 + 1),
        "m: is larger than 1 MiB (split it into several files)",
    ),
}

YAML: Table = {
    "tab": (
        "kind: @ode\n",
        "m:1:7: is no valid YAML: found a character that cannot begin a value"
        " (indent with spaces, not tabs, and quote texts that begin with @ ` or %)",
    ),
    "colon": (
        "kind: Node: x\n",
        "m:1:11: is no valid YAML: found a colon where no key can stand"
        " (check the indentation, and quote texts that contain ': ')",
    ),
    "no colon": (
        "kind: Node\nname\nzone: a\n",
        "m:2:1: is no valid YAML: found a key without a colon (write key: value)",
    ),
    "open bracket": (
        "a: [1, 2\nb: 3\n",
        "m:1:4: is no valid YAML: found a [ or { that is not closed"
        " (close it, and separate its items by commas)",
    ),
    "open quote": (
        'a: "b\n',
        "m:1:4: is no valid YAML: found quotes that are not closed (close them)",
    ),
    "wrong indentation": (
        "a:\n  - b\n c: d\n",
        "m:3:2: is no valid YAML: found a line that fits no indentation above it, or text after a"
        " value (align what belongs together, and quote a text as a whole)",
    ),
    "list ends in a key": (
        "- a\nb: c\n",
        "m:2:1: is no valid YAML: found a line that fits no indentation above it, or text after a"
        " value (align what belongs together, and quote a text as a whole)",
    ),
    "comma as value": (
        "a: , b\n",
        "m:1:4: is no valid YAML: found no value where one is expected"
        " (quote texts that begin with , ] or })",
    ),
    "lone star": (
        "a: *\n",
        "m:1:5: is no valid YAML: found & or * without a name (quote texts that begin with & or *)",
    ),
    "unknown tag handle": (
        "a: !x!y z\n",
        "m:1:4: is no valid YAML: found an unknown tag (quote texts that begin with !)",
    ),
    "duplicate key": (
        NODE + "zone: a\nzone: b\n",
        "m:5:1: zone: the key 'zone' is given twice, first in line 4 (keep one of them)",
    ),
    "duplicate key below": (
        NODE + "labels: {a: x, a: y}\n",
        "m:4:16: labels.a: the key 'a' is given twice, first in line 4 (keep one of them)",
    ),
    "python tag": (
        NODE + "zone: !!python/name:os.system b\n",
        "m:4:7: zone: the tag '!!python/name:os.system' is refused, expected a plain YAML value"
        " (remove the tag)",
    ),
    "own tag on a list": (
        SERVICE + "command: !mine [a]\n",
        "m:4:10: command: the tag '!mine' is refused, expected a plain YAML value (remove the tag)",
    ),
    "wrong tag": (
        SERVICE + "replicas: !!int many\n",
        "m:4:11: replicas: 'many' is no !!int (remove the tag)",
    ),
    "unknown alias": (
        SERVICE + "env: *common\n",
        "m:4:6: env: the alias '*common' is not defined (write its value out)",
    ),
    "alias in itself": (
        SERVICE + "env: &a {b: *a}\n",
        "m:4:13: env.b: the alias '*a' stands inside itself (write its value out)",
    ),
    "merge of a text": (
        SERVICE + "env: {<<: no}\n",
        "m:4:11: env.'<<': found 'no', expected a mapping to merge or a list of such"
        " (write <<: *anchor)",
    ),
    "number as key": (
        SERVICE + "env: {1: x}\n",
        "m:4:7: env: found 1 as a key, expected a text (put it in quotes)",
    ),
}

FIELDS: Table = {
    "misspelt": (
        SERVICE + "replica: 3\n",
        "m:4:1: replica: unknown field 'replica' (did you mean 'replicas'?)",
    ),
    "misspelt case": (
        SERVICE + "stopgraceperiod: 3s\n",
        "m:4:1: stopgraceperiod: unknown field 'stopgraceperiod' (did you mean 'stopGracePeriod'?)",
    ),
    "the code's spelling": (
        SERVICE + "stop_grace_period_s: 3s\n",
        "m:4:1: stop_grace_period_s: unknown field 'stop_grace_period_s'"
        " (did you mean 'stopGracePeriod'?)",
    ),
    "misspelt below": (
        SERVICE + "resources:\n  limits:\n    cpus: 1\n",
        "m:6:5: resources.limits.cpus: unknown field 'cpus' (did you mean 'cpu'?)",
    ),
    "misspelt below a nullable": (
        SERVICE + "port: 80\nproxy: {listen: 1, algoritm: x}\n",
        "m:5:20: proxy.algoritm: unknown field 'algoritm' (did you mean 'algorithm'?)",
    ),
    "unheard of": (
        NODE + "cores: []\n",
        "m:4:1: cores: unknown field 'cores' (known here: capacity, kind, labels, name, overcommit,"
        " taints, zone)",
    ),
    "no name": ("kind: Service\nimage: a\n", "m:1:1: name: is missing (add name: …)"),
    "no capacity": (
        "kind: Node\nname: a\ncapacity: {cpu: 1}\n",
        "m:3:11: capacity.memory: is missing (add memory: …)",
    ),
    "bad name": (
        "kind: Service\nname: $(id)\nimage: a\n",
        "m:2:7: name: '$(id)' is no valid name"
        " (use lower-case letters, digits and '-', at most 63, alphanumeric at both ends)",
    ),
    "newline in a name": (
        'kind: Service\nname: "web\\n"\nimage: a\n',
        "m:2:7: name: 'web\\n' is no valid name"
        " (use lower-case letters, digits and '-', at most 63, alphanumeric at both ends)",
    ),
    "long name": (
        f"kind: Service\nname: {'a' * 64}\nimage: a\n",
        f"m:2:7: name: '{'a' * 40}…' is no valid name"
        " (use lower-case letters, digits and '-', at most 63, alphanumeric at both ends)",
    ),
    "escapes in a value": (
        'kind: Service\nname: web\nimage: "\\e[2J\\r\\n"\n',
        "m:3:8: image: found '\\x1b[2J\\r\\n', expected an image name such as \"nginx:1.27\"",
    ),
    "nothing to run": (
        "kind: Service\nname: web\n",
        "m:1:1: nothing to run (give an image, a build folder or a command)",
    ),
    "a weight for no revision": (
        SERVICE + "port: 80\nproxy: {listen: 1, balancing: {weights: {v2: 9}}}\n",
        "m:5:42: proxy.balancing.weights.v2: found 'v2', expected a revision in quotes,"
        ' as "orch ps -o wide" shows it',
    ),
    "a queue of connections": (
        SERVICE + "port: 80\nproxy: {listen: 1, protocol: tcp, limits: {queue: 5}}\n",
        "m:5:51: proxy.limits.queue: is about requests; protocol: tcp knows only connections"
        " (leave it out)",
    ),
    "TLS of what is passed on": (
        SERVICE + "port: 80\nproxy: {listen: 1, protocol: tcp, tls: true}\n",
        "m:5:40: proxy.tls: is for protocol: http; tcp passes on whatever TLS the replica speaks"
        " (leave it out)",
    ),
    "a certificate for somebody else's name": (
        SERVICE + "port: 80\nproxy: {listen: 1, tls: true, hosts: [a.localhost, shop.com]}\n",
        "m:5:52: proxy.hosts[1]: the local CA has no certificate for shop.com (use a name below"
        " localhost, test, example, internal, local, home.arpa, or tls: false)",
    ),
    "framing header set": (
        SERVICE + "port: 80\nproxy: {listen: 1, requestHeaders: {set: {Content-length: 5}}}\n",
        "m:5:43: proxy.requestHeaders.set.Content-length: 'Content-length' decides where messages"
        " end or connections go (leave it out: the proxy sees to it)",
    ),
    "own header removed": (
        SERVICE + "port: 80\nproxy: {listen: 1, requestHeaders: {remove: [Cookie, HOST]}}\n",
        "m:5:54: proxy.requestHeaders.remove[1]: 'HOST' is written by the proxy itself"
        " (leave it out)",
    ),
    "line end in a header": (
        SERVICE + 'port: 80\nproxy: {listen: 1, responseHeaders: {set: {X-A: "a\\r\\nb"}}}\n',
        "m:5:49: proxy.responseHeaders.set.X-A: found 'a\\r\\nb', expected printable ASCII without"
        " blanks around, on one line",
    ),
    "header set twice": (
        SERVICE + "port: 80\nproxy: {listen: 1, responseHeaders: {set: {X-A: a, x-a: b}}}\n",
        "m:5:57: proxy.responseHeaders.set.x-a: 'x-a' is set twice (keep one of them)",
    ),
    "header rules for tcp": (
        SERVICE + "port: 80\nproxy: {listen: 1, protocol: tcp, responseHeaders: {remove: [A]}}\n",
        "m:5:52: proxy.responseHeaders: is about requests; protocol: tcp knows only connections"
        " (leave it out)",
    ),
    "redirect into itself": (
        SERVICE + "port: 80\nproxy: {listen: 1, redirects: [{from: /a/, to: /a/b}]}\n",
        "m:5:48: proxy.redirects[0].to: '/a/b' is below '/a/': it would never end"
        " (lead out of the path)",
    ),
    "redirect twice": (
        SERVICE + "port: 80\nproxy:\n  listen: 1\n  redirects:\n  - {from: /a, to: /b}\n"
        "  - {from: /a/, to: /c}\n",
        "m:8:3: proxy.redirects: '/a' is redirected twice (keep one of them)",
    ),
    "redirect to another scheme": (
        SERVICE + "port: 80\nproxy: {listen: 1, redirects: [{from: /a, to: //b}]}\n",
        "m:5:47: proxy.redirects[0].to: found '//b', expected a URL such as"
        " https://example.org/new or a path such as /new, without ? and #",
    ),
    "port missing for the proxy": (
        SERVICE + "proxy: {listen: 8080}\n",
        "m:1:1: port: is missing: proxy needs it (add one, e.g. port: 8000)",
    ),
    "port missing for a probe": (
        SERVICE + "probes: {liveness: {tcp: true}}\n",
        "m:1:1: port: is missing: probes.liveness needs it (add one, e.g. port: 8000)",
    ),
    "number for a text": (
        SERVICE + "command: [sleep, 10]\n",
        'm:4:18: command[1]: found 10, expected a text (put it in quotes: "10")',
    ),
    "only a number for a text": (
        SERVICE + "command: [10]\n",
        'm:4:11: command[0]: found 10, expected a text (put it in quotes: "10")',
    ),
    "list for a text": (
        "kind: Service\nname: web\nimage: [a]\n",
        "m:3:8: image: found a list, expected a text (write a text, or leave the field out)",
    ),
    "text for a list": (
        SERVICE + "command: python -m app\n",
        "m:4:10: command: found 'python -m app', expected a list (write [python, -m, app])",
    ),
    "shell for a list": (
        SERVICE + "command: a | b\n",
        "m:4:10: command: found 'a | b', expected a list (write [first, second])",
    ),
    "empty command": (
        SERVICE + "command: []\n",
        "m:4:10: command: found a list, expected at least one item"
        " (add one, or leave the field out)",
    ),
    "text for a number": (
        SERVICE + 'replicas: "3"\n',
        "m:4:11: replicas: found '3', expected a whole number (remove the quotes)",
    ),
    "word for a number": (
        SERVICE + "replicas: many\n",
        "m:4:11: replicas: found 'many', expected a whole number (write digits only)",
    ),
    "fraction for a number": (
        SERVICE + "replicas: 2.5\n",
        "m:4:11: replicas: found 2.5, expected a whole number (write digits only)",
    ),
    "endless number": (
        SERVICE + f"replicas: {'9' * 100}\n",
        f"m:4:11: replicas: found '{'9' * 40}…', expected a whole number (remove the quotes)",
    ),
    "negative number": (
        SERVICE + "replicas: -1\n",
        "m:4:11: replicas: found -1, expected at least 0 (write a number at least 0)",
    ),
    "too many": (
        SERVICE + "replicas: 100001\n",
        "m:4:11: replicas: found 100001, expected at most 100000 (write a number at most 100000)",
    ),
    "port 0": (
        SERVICE + "port: 80\nproxy: {listen: 0}\n",
        "m:5:17: proxy.listen: found 0, expected at least 1 (write a number at least 1)",
    ),
    "port 65536": (
        SERVICE + "port: 80\nproxy: {listen: 65536}\n",
        "m:5:17: proxy.listen: found 65536, expected at most 65535 (write a number at most 65535)",
    ),
    "text for true": (
        SERVICE + "security: {readOnlyRoot: maybe}\n",
        "m:4:26: security.readOnlyRoot: found 'maybe', expected true or false"
        " (write true or false without quotes)",
    ),
    "list for true": (
        SERVICE + "security: {readOnlyRoot: []}\n",
        "m:4:26: security.readOnlyRoot: found a list, expected true or false"
        " (write true or false without quotes)",
    ),
    "text for a factor": (
        SERVICE + "restart: {backoff: {factor: two}}\n",
        "m:4:29: restart.backoff.factor: found 'two', expected a number"
        " (write a number without quotes)",
    ),
    "text for a mapping": (
        SERVICE + "resources: small\n",
        "m:4:12: resources: found 'small', expected a mapping (write key: value pairs)",
    ),
    "nothing for a mapping": (
        SERVICE + "env:\n",
        "m:4:5: env: found nothing, expected a mapping (write key: value pairs)",
    ),
    "unknown policy": (
        SERVICE + "restart: onfailure\n",
        "m:4:10: restart.policy: found 'onfailure', expected 'always', 'on-failure' or 'never'"
        " (did you mean 'on-failure'?)",
    ),
    "policy that is a number": (
        SERVICE + "restart: {policy: 1}\n",
        "m:4:19: restart.policy: found 1, expected 'always', 'on-failure' or 'never'"
        " (write one of them)",
    ),
    "unknown strategy": (
        SERVICE + "placement: {strategy: random(x)}\n",
        "m:4:23: placement.strategy: found 'random(x)',"
        " expected binpack, nomad, least-allocated, spread, first-fit, random or random(7),"
        " or steps such as [spread(zone), binpack(memory)]",
    ),
    "step that is none": (
        SERVICE + "placement: {strategy: [spread(zone), binpack(gpu)]}\n",
        "m:4:23: placement.strategy: found 'spread(zone), binpack(gpu)',"
        " expected binpack, nomad, least-allocated, spread, first-fit, random or random(7),"
        " or steps such as [spread(zone), binpack(memory)]",
    ),
    "effect that is none": (
        NODE + "taints: [{key: gpu, effect: NoShedule}]\n",
        "m:4:29: taints[0].effect: found 'NoShedule', expected 'NoSchedule',"
        " 'PreferNoSchedule' or 'NoExecute' (did you mean 'NoSchedule'?)",
    ),
    "toleration of nothing": (
        SERVICE + "placement: {tolerations: [{value: a}]}\n",
        "m:4:27: placement.tolerations[0].key: is missing (name the taint's key, or"
        " operator: Exists)",
    ),
    "toleration of any value with a value": (
        SERVICE + "placement: {tolerations: [{key: a, operator: Exists, value: b}]}\n",
        "m:4:61: placement.tolerations[0].value: Exists asks for no value (leave it out)",
    ),
    "affinity without values": (
        SERVICE + "placement: {nodeAffinity: {required: [{key: a, operator: In}]}}\n",
        "m:4:39: placement.nodeAffinity.required[0].values: In asks for values (give"
        " some, e.g. values: [ssd])",
    ),
    "affinity with too many values": (
        SERVICE
        + "placement: {nodeAffinity: {required: [{key: a, operator: Exists, values: [b]}]}}\n",
        "m:4:74: placement.nodeAffinity.required[0].values: Exists asks for no values"
        " (leave them out)",
    ),
    "affinity above no number": (
        SERVICE + "placement: {nodeAffinity: {required: [{key: a, operator: Gt, values: [b]}]}}\n",
        "m:4:70: placement.nodeAffinity.required[0].values: Gt asks for one whole number"
        " (e.g. values: [4])",
    ),
    "weight of zero": (
        SERVICE
        + "placement: {nodeAffinity: {preferred: [{key: a, operator: Exists, weight: 0}]}}\n",
        "m:4:75: placement.nodeAffinity.preferred[0].weight: found 0, expected at least"
        " 1 (write a number at least 1)",
    ),
    "a resource misspelt": (
        NODE.replace("cpu: 1", "cpu: 1, cpus: 1"),
        "m:3:26: capacity.cpus: unknown field 'cpus' (did you mean 'cpu'?)",
    ),
    "a request misspelt": (
        SERVICE + "resources: {requests: {memroy: 1}}\n",
        "m:4:32: resources.requests.memroy: unknown field 'memroy' (did you mean 'memory'?)",
    ),
    "half a resource": (
        SERVICE + "resources: {requests: {gpu: 0.5}}\n",
        "m:4:29: resources.requests.gpu: found 0.5, expected a whole number (write digits only)",
    ),
    "overcommit of nothing": (
        NODE + "overcommit: {cpu: 0}\n",
        "m:4:19: overcommit.cpu: found 0, expected above 0 (write a number above 0)",
    ),
    "host port that is none": (
        SERVICE + "placement: {hostPorts: [70000]}\n",
        "m:4:25: placement.hostPorts[0]: found 70000, expected at most 65535 (write a"
        " number at most 65535)",
    ),
    "no replica on any node": (
        SERVICE + "placement: {maxPerNode: 0}\n",
        "m:4:25: placement.maxPerNode: found 0, expected at least 1 (write a number at least 1)",
    ),
    "spread over something else": (
        SERVICE + "placement: {topologySpread: {topologyKey: -rack}}\n",
        "m:4:29: placement.topologySpread[0].topologyKey: found '-rack', expected"
        " letters, digits and '-._/', alphanumeric at both ends",
    ),
    "bad variable": (
        SERVICE + "env: {A-B: x}\n",
        "m:4:7: env.A-B: found 'A-B', expected letters, digits and '_', not a digit first",
    ),
    "list as variable": (
        SERVICE + "env: {A: [1]}\n",
        "m:4:10: env.A: found a list, expected a text (write a text, or leave the field out)",
    ),
    "NUL in a variable": (
        SERVICE + 'env: {A: "x\\0y"}\n',
        "m:4:10: env.A: 'x\\x00y' contains a NUL byte (remove it)",
    ),
    "number as label": (
        NODE + "labels: {gen: 2}\n",
        'm:4:15: labels.gen: found 2, expected a text (put it in quotes: "2")',
    ),
    "host with a port": (
        SERVICE + "port: 1\nproxy: {listen: 80, hosts: ['a.test:80']}\n",
        "m:5:29: proxy.hosts[0]: found 'a.test:80', expected a host name such as shop.localhost,"
        ' or "*.shop.localhost" for all below it',
    ),
    "star within a host": (
        SERVICE + "port: 1\nproxy: {listen: 80, hosts: [a, 'a.*']}\n",
        "m:5:32: proxy.hosts[1]: found 'a.*', expected a host name such as shop.localhost,"
        ' or "*.shop.localhost" for all below it',
    ),
    "host that is too long": (
        SERVICE + f"port: 1\nproxy: {{listen: 80, hosts: [{'a.' * 127}]}}\n",
        f"m:5:29: proxy.hosts[0]: found '{'a.' * 20}…', expected a host name such as"
        ' shop.localhost, or "*.shop.localhost" for all below it',
    ),
    "path of an empty part": (
        SERVICE + "port: 1\nproxy: {listen: 80, path: /a//b}\n",
        "m:5:27: proxy.path: found '/a//b',"
        " expected a path that starts with / and has no empty part, such as /api",
    ),
    "no prefix to strip": (
        SERVICE + "port: 1\nproxy: {listen: 80, stripPrefix: true}\n",
        "m:5:34: proxy.stripPrefix: there is no prefix: path is / (set path, such as /api)",
    ),
    "hosts of connections": (
        SERVICE + "port: 1\nproxy: {listen: 80, protocol: tcp, hosts: [a]}\n",
        "m:5:43: proxy.hosts: a connection has no host and no path"
        " (leave it out, and give the service a port of its own)",
    ),
    "no probe": (
        SERVICE + "port: 1\nprobes: {startup: {period: 1s}}\n",
        "m:5:19: probes.startup: found none of them, expected one way to probe"
        " (give exactly one of path: /healthz, tcp: true, exec: [argv])",
    ),
    "two probes": (
        SERVICE + "port: 1\nprobes: {startup: {path: /, tcp: true}}\n",
        "m:5:19: probes.startup: found path and tcp, expected one way to probe"
        " (give exactly one of path: /healthz, tcp: true, exec: [argv])",
    ),
    "probe period of zero": (
        SERVICE + "port: 1\nprobes: {startup: {path: /, period: 0}}\n",
        "m:5:37: probes.startup.period: found 0, expected above 0 (write a number above 0)",
    ),
    "probe path": (
        SERVICE + 'port: 1\nprobes: {startup: {path: "/a\\r\\nb"}}\n',
        "m:5:26: probes.startup.path: found '/a\\r\\nb',"
        " expected a path that starts with / and has no spaces, such as /healthz",
    ),
    "cpu unit": (
        "kind: Node\nname: a\ncapacity: {cpu: 2c, memory: 1Gi}\n",
        "m:3:17: capacity.cpu: unknown cpu unit 'c' in '2c'"
        ' (write cores or millicores such as 0.5 or "250m")',
    ),
    "memory unit": (
        SERVICE + "resources: {limits: {memory: 64MB}}\n",
        "m:4:30: resources.limits.memory: unknown memory unit 'MB' in '64MB'"
        " (use Ki, Mi, Gi, Ti or k, M, G, T)",
    ),
    "duration unit": (
        SERVICE + "stopGracePeriod: 10 seconds\n",
        'm:4:18: stopGracePeriod: \'10 seconds\' is no duration (write "500ms", "2s" or "1m30s")',
    ),
    "negative memory": (
        SERVICE + "resources: {limits: {memory: -64Mi}}\n",
        "m:4:30: resources.limits.memory: memory '-64Mi' is negative"
        ' (write a size such as "64Mi" or "1Gi")',
    ),
    "no capacity at all": (
        "kind: Node\nname: a\ncapacity: {cpu: 0, memory: 1Gi}\n",
        "m:3:17: capacity.cpu: found 0, expected above 0 (write a number above 0)",
    ),
    "limit below request": (
        SERVICE + "resources: {requests: {cpu: 600m}, limits: {cpu: 500m}}\n",
        "m:4:50: resources.limits.cpu: 500m is below requests.cpu 600m"
        " (raise the limit or lower the request)",
    ),
    "limit of zero": (
        SERVICE + "resources: {limits: {memory: 0}}\n",
        "m:4:30: resources.limits.memory: is 0 (leave it out for no limit)",
    ),
}

BETWEEN: Table = {
    "two services of one name": (
        SERVICE + "---\n" + SERVICE,
        "m:6:7: name: Service 'web' is already defined at m:2:7 (rename or remove one of them)",
    ),
    "two nodes of one name": (
        NODE + "---\n" + NODE,
        "m:6:7: name: Node 'n1' is already defined at m:2:7 (rename or remove one of them)",
    ),
    "one listen port": (
        SERVICE + "port: 1\nproxy: {listen: 80}\n---\nkind: Service\nname: b\nimage: a\nport: 1\n"
        "proxy: {listen: 80}\n",
        "m:11:17: proxy.listen: the port is already used by 'web' at m:5:17"
        " (give each service hosts or a path of its own, or another port)",
    ),
    "one listen port on all addresses": (
        SERVICE + "port: 1\nproxy: {listen: 80, host: 0.0.0.0}\n---\nkind: Service\nname: b\n"
        "image: a\nport: 1\nproxy: {listen: 80, host: localhost}\n",
        "m:11:17: proxy.listen: the port is already used by 'web' at m:5:17"
        " (give each service hosts or a path of its own, or another port)",
    ),
    "one host and path": (
        SERVICE + "port: 1\nproxy: {listen: 80, hosts: [a, b], path: /api}\n---\nkind: Service\n"
        "name: b\nimage: a\nport: 1\nproxy: {listen: 80, hosts: [c, B], path: /api/}\n",
        "m:11:17: proxy.listen: the port is already used by 'web' at m:5:17"
        " (give each service hosts or a path of its own, or another port)",
    ),
    "hosts of one port on two addresses": (
        SERVICE + "port: 1\nproxy: {listen: 80, hosts: [a], host: 0.0.0.0}\n---\nkind: Service\n"
        "name: b\nimage: a\nport: 1\nproxy: {listen: 80, hosts: [b]}\n",
        "m:11:17: proxy.listen: the port is already used by 'web' at m:5:17"
        " (give each service hosts or a path of its own, or another port)",
    ),
    "connections on a port of requests": (
        SERVICE + "port: 1\nproxy: {listen: 80, path: /api}\n---\nkind: Service\n"
        "name: b\nimage: a\nport: 1\nproxy: {listen: 80, protocol: tcp}\n",
        "m:11:17: proxy.listen: the port is already used by 'web' at m:5:17"
        " (give each service hosts or a path of its own, or another port)",
    ),
    "unknown selector value": (
        SERVICE + "placement: {nodeSelector: {disk: sdd}}\n---\n" + NODE + "labels: {disk: ssd}\n",
        "m:4:34: placement.nodeSelector.disk: unknown selector:"
        " no node carries the label 'disk: sdd' (did you mean 'ssd'?)",
    ),
    "unknown selector key": (
        SERVICE + "placement: {nodeSelector: {dsk: ssd}}\n---\n" + NODE + "labels: {disk: ssd}\n",
        "m:4:33: placement.nodeSelector.dsk: unknown selector:"
        " no node carries the label 'dsk: ssd' (did you mean 'disk'?)",
    ),
    "selector without labels": (
        SERVICE + "placement: {nodeSelector: {disk: ssd}}\n---\n" + NODE,
        "m:4:34: placement.nodeSelector.disk: unknown selector: no node carries the label"
        " 'disk: ssd' (no node has labels: add labels to a Node)",
    ),
    "selector over two nodes": (
        SERVICE + "placement: {nodeSelector: {a: x, b: y}}\n---\n" + NODE + "labels: {a: x}\n---\n"
        "kind: Node\nname: n2\ncapacity: {cpu: 1, memory: 1Gi}\nlabels: {b: y}\n",
        "m:4:27: placement.nodeSelector: unknown selector: no single node carries all of these"
        " labels (select by fewer, or add them to a node)",
    ),
}

FOLDERS: Table = {
    "no such build folder": (
        "kind: Service\nname: web\nbuild: ../ap\n",
        "m:3:8: build: the folder '../ap' does not exist (relative paths start at {base})",
    ),
    "build of a file": (
        "kind: Service\nname: web\nbuild: {context: ../app/Dockerfile}\n",
        "m:3:18: build.context: '../app/Dockerfile' is no folder (relative paths start at {base})",
    ),
    "no Dockerfile": (
        "kind: Service\nname: web\nbuild: .\n",
        "m:3:8: build: found no file 'Dockerfile' in '.'"
        " (add a Dockerfile there, or correct build)",
    ),
    "no such Dockerfile": (
        "kind: Service\nname: web\nbuild: {context: ../app, dockerfile: Other}\n",
        "m:3:38: build.dockerfile: found no file 'Other' in '../app'"
        " (add a Dockerfile there, or correct build)",
    ),
    "Dockerfile elsewhere": (
        "kind: Service\nname: web\nbuild: {context: ../app, dockerfile: ../../etc/passwd}\n",
        "m:3:38: build.dockerfile: the Dockerfile '../../etc/passwd' lies outside of the build"
        " folder (move it into the folder)",
    ),
    "NUL in a folder": (
        'kind: Service\nname: web\nbuild: "a\\0b"\n',
        "m:3:8: build.context: 'a\\x00b' contains a NUL byte (remove it)",
    ),
    "no such workdir": (
        SERVICE + "process: {workdir: nowhere}\n",
        "m:4:20: process.workdir: the folder 'nowhere' does not exist"
        " (relative paths start at {base})",
    ),
}

TABLE: Table = {
    **STRUCTURE,
    **YAML,
    **FIELDS,
    **BETWEEN,
    **FOLDERS,
}
