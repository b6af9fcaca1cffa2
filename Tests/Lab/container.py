# SPDX-License-Identifier: GPL-3.0-or-later
"""The container's image, run by a real runtime on the gateway's host: in a network of its own behind a bridge, and in the host's."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

from lab import CLIENT, ROOT, SERVER, eventually

#: The archive that scripts/package oci made; without it there is nothing to run.
IMAGE = os.environ.get("WGGW_IMAGE")
ENVIRONMENT = ["WGGW_LAN=192.168.1.0/24", "WGGW_ENDPOINT=itzxa.com:51820", "WGGW_PEERS=laptop", "WGGW_LAN_INTERFACE=eth0"]
#: What wggw would set, and cannot where /proc/sys is read-only: docs/container.md has the same for a runtime's --sysctl.
SYSCTLS = ["net.ipv4.ip_forward=1", "net.ipv4.conf.default.promote_secondaries=1", "net.ipv4.conf.default.send_redirects=0",
           "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.default.addr_gen_mode=1"]
READ_ONLY = ["nosuid", "nodev", "noexec", "ro"]
MOUNTS = [
    ("/proc", "proc", "proc", []), ("/dev", "tmpfs", "tmpfs", ["nosuid", "mode=755"]), ("/run", "tmpfs", "tmpfs", ["nosuid", "mode=755"]),
    ("/sys", "bind", "/sys", ["rbind", *READ_ONLY]),
]


class Container:
    """One container from the image: a read-only root, one capability, /dev/net/tun, a volume, and nothing else."""

    def __init__(self, lab, mode, volume):
        self.lab, self.mode, self.volume = lab, mode, volume
        self.name = f"{lab.name}-{mode}"
        self.network = f"{self.name}-box"

    def __enter__(self):
        self.bundle = pathlib.Path(tempfile.mkdtemp(prefix="wggw-bundle.", dir="/var/tmp"))
        # The runtime looks for it, though no group is made; a host of the lab has a /sys of its own.
        self.host("sh", "-c", "[ -e /sys/fs/cgroup/cgroup.procs ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup")
        self.config = unpack(pathlib.Path(IMAGE), self.bundle / "rootfs")
        if self.mode == "bridge":
            bridge(self.lab, self.network)
        else:
            self.host("sysctl", "-qw", *SYSCTLS)
        return self

    def __exit__(self, *_):
        self.end()
        if self.mode == "bridge":
            self.host("sh", "-c", f"ip netns delete {self.network}; ip link delete ctr0; nft delete table ip runtime", check=False)
        shutil.rmtree(self.bundle, ignore_errors=True)

    def host(self, *command, **options):
        return self.lab.run("gateway", *command, **options)

    def start(self, arguments=(), environment=(), capabilities=("CAP_NET_ADMIN",), tun=True):
        """Starts it in the background."""
        image = self.config["config"]
        namespaces = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
        if self.mode == "bridge":
            namespaces.append({"type": "network", "path": f"/run/netns/{self.network}"})
        mounts = [{"destination": to, "type": kind, "source": source, "options": options} for to, kind, source, options in MOUNTS]
        mounts.append({"destination": "/var/lib/wggw", "type": "bind", "source": str(self.volume), "options": ["bind", "rw"]})
        for file in ("resolv.conf", "hosts"):
            mounts.append({"destination": f"/etc/{file}", "type": "bind", "source": f"/etc/{file}", "options": ["bind", "ro"]})
        mine = dict.fromkeys(("bounding", "effective", "permitted"), list(capabilities))
        (self.bundle / "config.json").write_text(json.dumps({
            "ociVersion": "1.0.2", "hostname": "gateway", "root": {"path": "rootfs", "readonly": True}, "mounts": mounts,
            "process": {"terminal": False, "cwd": "/", "user": {"uid": 0, "gid": 0}, "noNewPrivileges": True, "capabilities": mine,
                        "args": [*image["Entrypoint"], *(arguments or image["Cmd"])], "env": [*image["Env"], *environment]},
            "linux": {"namespaces": namespaces, "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"],
                      "maskedPaths": ["/proc/kcore", "/proc/keys"],
                      "devices": [{"path": "/dev/net/tun", "type": "c", "major": 10, "minor": 200, "fileMode": 0o666}] if tun else []}}))
        self.said = open(self.bundle / "said", "w+")
        self.process = self.lab.start("gateway", "sh", "-c", f"exec crun --cgroup-manager=disabled run -b {self.bundle} {self.name} "
                                      f">{self.bundle}/said 2>&1")

    def exec(self, *arguments, **options):
        return self.host("crun", "--cgroup-manager=disabled", "exec", self.name, "/usr/bin/wggw", *arguments, **options)

    def end(self):
        """As a runtime ends one: SIGTERM, ten seconds, SIGKILL."""
        self.host("crun", "kill", self.name, "TERM", check=False)
        with contextlib.suppress(Exception):
            self.process.wait(10)
        self.host("crun", "delete", "-f", self.name, check=False)

    def words(self):
        return (self.bundle / "said").read_text()

    def fails(self, **rights):
        """What it says where it ends by itself, and its status."""
        self.start(environment=ENVIRONMENT, **rights)
        try:
            return self.process.wait(20), self.words()
        finally:
            self.end()


def unpack(archive, root):
    """The image's files below `root`, as a runtime's tools do; its configuration."""
    with tarfile.open(archive) as outer:
        blob = lambda descriptor: outer.extractfile("blobs/" + descriptor["digest"].replace(":", "/"))
        manifest = json.load(blob(json.load(outer.extractfile("index.json"))["manifests"][0]))
        config = json.load(blob(manifest["config"]))
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=blob(layer), mode="r:gz") as inner:
                inner.extractall(root)
    return config


def bridge(lab, network):
    """What a runtime does for a container behind a bridge: an address, a way out, a published port, its sysctls."""
    lab.run("gateway", "sh", "-ec", f"""
        ip netns add {network}
        ip link add ctr0 type veth peer name eth0 netns {network}
        ip address add 172.17.0.1/16 dev ctr0 && ip link set ctr0 up
        ip -n {network} link set lo up && ip -n {network} link set eth0 up
        ip -n {network} address add 172.17.0.2/16 dev eth0 && ip -n {network} route add default via 172.17.0.1
        sysctl -qw net.ipv4.ip_forward=1
        ip netns exec {network} sysctl -qw {' '.join(SYSCTLS)}
        nft add table ip runtime
        nft 'add chain ip runtime in {{ type nat hook prerouting priority dstnat; }}'
        nft 'add chain ip runtime out {{ type nat hook postrouting priority srcnat; }}'
        nft add rule ip runtime in udp dport 51820 dnat to 172.17.0.2
        nft add rule ip runtime out ip saddr 172.17.0.0/16 masquerade
        """)


def connects(container):
    """The laptop takes its side out of the container, and is in."""
    lab = container.lab
    lab.disconnect("laptop")
    conf = container.exec("export", "laptop").out
    (pathlib.Path(f"/run/wggw-lab/{lab.name}/laptop/etc/wireguard") / f"{CLIENT}.conf").write_text(conf)
    lab.run("laptop", "wg-quick", "up", CLIENT)
    return conf, lab.pings("laptop", SERVER[4], seconds=10)


def runs(container, checks):
    container.start(environment=ENVIRONMENT)
    healthy = lambda: container.exec("status", check=False)
    checks.check("from its environment it is a gateway", eventually(lambda: healthy().code == 0, 20),
                 container.words() + healthy().err)
    conf, reaches = connects(container)
    checks.check("the laptop reaches the LAN", reaches, container.words() + healthy().out + healthy().err)
    container.exec("add-peer", "phone")
    container.exec("apply")
    container.end()
    container.start(environment=[*ENVIRONMENT, "WGGW_PEERS=somebody"])
    checks.check("started anew with another environment, the laptop is back",
                 eventually(lambda: container.lab.pings("laptop", SERVER[4], seconds=2), 30), container.words())
    checks.equal("with the same keys", container.exec("export", "laptop").out, conf)
    checks.contains("and what was added by hand", container.exec("list").out, "laptop", "phone")
    container.end()


def given_a_profile(container, checks):
    """A profile from outside is taken, until somebody changes the site inside."""
    profile = container.volume / "site.toml"
    start = lambda: container.start(arguments=("watch", "-f", "/var/lib/wggw/site.toml"))
    applied = lambda: eventually(lambda: container.exec("status", check=False).code == 0, 20) and container.exec("list").out
    profile.write_text('[lan]\ninterface = "eth0"\nsubnets = ["192.168.1.0/24"]\n[tunnel]\naddresses = ["192.168.2.254/24"]\n'
                       '[peers.laptop]\n')
    start()
    checks.contains("a profile from outside is taken", applied(), "laptop")
    container.end()
    profile.write_text(profile.read_text() + "[peers.tablet]\n")
    start()
    checks.contains("and taken again when it has changed", applied(), "tablet")
    container.exec("add-peer", "phone")
    container.end()
    profile.write_text(profile.read_text() + "[peers.printer]\n")
    start()
    listed = applied()
    checks.check("what was made inside is not overwritten", "phone" in listed and "printer" not in listed, listed)
    checks.contains("and that is said", container.words(), "is not taken", "apply -f")
    container.end()


def without(container, checks):
    """Each right taken away: it ends, and says which."""
    code, said = container.fails(capabilities=())
    checks.check("without NET_ADMIN: status 77", code == 77 and "CAP_NET_ADMIN" in said, (code, said))
    code, said = container.fails(tun=False)
    checks.check("without /dev/net/tun it is named", code != 0 and "/dev/net/tun" in said, (code, said))
    container.start(environment=ENVIRONMENT)
    checks.check("with both it goes on where it had failed", eventually(lambda: container.exec("status", check=False).code == 0, 20),
                 container.words())
    container.end()


def texts(checks):
    """What docs/container.md writes for compose and for Podman is valid, and asks for what runs here."""
    import yaml  # Only here, since only scripts/setup package brings it.

    page = (ROOT / "docs/container.md").read_text()
    compose, quadlet = (re.search(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[1] for language in ("yaml", "ini"))
    service = yaml.safe_load(compose)["services"]["wggw"]
    unit = {}
    for key, value in (line.split("=", 1) for line in quadlet.splitlines() if "=" in line):
        unit.setdefault(key, []).append(value)
    names = {word.split("=")[0] for word in ENVIRONMENT}
    with tarfile.open(IMAGE) as archive:
        index = json.load(archive.extractfile("index.json"))
    name = index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"].split(":")[0]
    version = subprocess.run([os.environ["WGGW_BIN"], "--version"], capture_output=True, text=True, check=True).stdout.strip()
    checks.equal("both name the image as it is called once it is loaded", (service["image"], unit["Image"]),
                 (f"{name}:{version}", [f"localhost/{name}:{version}"]))
    for kind, rights, sysctls, environment, places in (
            ("the compose file", (service["read_only"], service["cap_drop"], service["cap_add"], service["devices"]),
             [f"{name}={value}" for name, value in service["sysctls"].items()], set(service["environment"]),
             (service["volumes"], service["tmpfs"], service["ports"])),
            ("the quadlet", (unit["ReadOnly"] == ["true"], [word.upper() for word in unit["DropCapability"]], unit["AddCapability"],
                             unit["AddDevice"]),
             unit["Sysctl"], {word.split("=")[0] for word in unit["Environment"][0].split()},
             (unit["Volume"], unit["Tmpfs"], unit["PublishPort"]))):
        checks.equal(f"{kind} asks for one capability and one device", rights, (True, ["ALL"], ["NET_ADMIN"], ["/dev/net/tun"]))
        checks.equal(f"{kind} sets what wggw cannot", sysctls, SYSCTLS)
        checks.equal(f"{kind} knows how a first site is told", environment, names)
        checks.equal(f"{kind} has the places that are written to", places, (["wggw:/var/lib/wggw"], ["/run"], ["51820:51820/udp"]))


@contextlib.contextmanager
def volume():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="wggw-volume.", dir="/var/tmp"))
    directory.chmod(0o700)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def mode(lab, checks, name):
    with volume() as kept, Container(lab, name, kept) as container:
        runs(container, checks)
    with volume() as kept, Container(lab, name, kept) as container:
        given_a_profile(container, checks)
    with volume() as kept, Container(lab, name, kept) as container:
        without(container, checks)
    if name == "host":
        taken_down(lab, checks)


def taken_down(lab, checks):
    """In the host's network something would stay; `watch --down` gives all of it back."""
    # Of the containers before, which left it.
    lab.run("gateway", "nft", "flush", "ruleset")
    with volume() as kept, Container(lab, "host", kept) as container:
        container.start(arguments=("watch", "--down"), environment=ENVIRONMENT)
        # Told to stop in the middle of the first apply, it takes that back, and says so with another status.
        eventually(lambda: ", revision " in container.exec("status", check=False).out, 20)
        container.host("crun", "kill", container.name, "TERM")
        ended = container.process.wait(20)
        checks.check("told to end with --down, it ends well", ended == 0, f"{ended}: {(container.bundle / 'said').read_text()}")
        checks.equal("and leaves no rule", lab.run("gateway", "nft", "list", "ruleset").out, "")
