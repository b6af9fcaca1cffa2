# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian with systemd as its first process, on an emulated machine with a disk of its own: what no namespace can be."""

import base64
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

#: How much slower than this machine an emulated one is, at worst; a factor on every limit.
PATIENCE = float(os.environ.get("WGGW_LAB_PATIENCE", "1"))

#: What the first file system needs to reach the disk and this box's files.
MODULES = ["virtio_pci", "virtio_console", "virtio_blk", "virtio_net", "ext4", "9pnet_virtio", "9p"]

#: See scripts/kernel-vm for the settings that emulation asks for.
SETTINGS = ("console=ttyS0 panic=-1 mitigations=off nokaslr random.trust_cpu=on no_timer_check tsc=reliable clocksource=tsc "
            "init_on_alloc=0 clearcpuid=rep_good rcupdate.rcu_expedited=1 quiet systemd.show_status=0")


class MachineFailed(Exception):
    pass


class Machine:
    """One box, from its first boot to its end. What it writes goes into a layer over the image, and is gone with it.

    This box's files are there as /host, read-only. Commands run as root by a line of their own (`agent`), so also before the
    network is up. A machine that is told to reboot does; `cut_power` ends it as a power cut does."""

    def __init__(self, processors=1, memory=1024, suite="bookworm"):
        self.processors, self.memory, self.suite = processors, memory, suite
        self.process = self.line = None
        self.boot_id = None

    def __enter__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="wggw-system."))
        try:
            image = self.output("scripts/debian-image", self.suite)
            self.kernel = pathlib.Path(self.output("scripts/debian-kernel"))
            self.version = next((self.kernel / "lib/modules").iterdir()).name
            self.make_first_file_system()
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image, self.directory / "disk"],
                           check=True)
            self.power_on()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.cut_power()
        shutil.rmtree(self.directory, ignore_errors=True)

    @staticmethod
    def output(script, *words):
        done = subprocess.run([ROOT / script, *words], capture_output=True, text=True)
        if done.returncode:
            raise MachineFailed(f"{script}: {done.stderr.strip()[-400:]}")
        return done.stdout.strip()

    def make_first_file_system(self):
        """Busybox and the modules that reach the real one."""
        first = self.directory / "first"
        (first / "bin").mkdir(parents=True)
        (first / "modules").mkdir()
        shutil.copy(shutil.which("busybox"), first / "bin/busybox")
        listed = subprocess.run(["modprobe", "-d", self.kernel, "-S", self.version, "-a", "--show-depends", *MODULES],
                                capture_output=True, text=True, check=True).stdout.split("\n")
        for number, module in enumerate(dict.fromkeys(line.split()[1] for line in listed if line.startswith("insmod"))):
            target = first / f"modules/{number:03}.ko"
            if module.endswith(".xz"):
                target.write_bytes(subprocess.run(["xz", "-dc", module], capture_output=True, check=True).stdout)
            else:
                shutil.copy(module, target)
        (first / "init").write_text(f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /root
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t devtmpfs dev /dev
for module in /modules/*.ko; do insmod $module; done
mount -t ext4 /dev/vda /root || poweroff -f
mkdir -p /root/host /root/lib/modules
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose host /root/host || poweroff -f
mount -o bind /root/host{self.kernel}/lib/modules /root/lib/modules
umount /proc /sys
exec switch_root /root /sbin/init
""")
        (first / "init").chmod(0o755)
        subprocess.run("find . | busybox cpio -o -H newc 2>/dev/null >../initrd", shell=True, cwd=first, check=True)

    # Power

    def power_on(self):
        """Starts the machine and waits until its agent is there; how many seconds that took."""
        begun = time.monotonic()
        listener = socket.socket(socket.AF_UNIX)
        path = self.directory / "line"
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        listener.bind(str(path))
        listener.listen(1)
        # It ends with this script, however that ends.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max,-erms",
             "-smp", str(self.processors), "-m", str(self.memory), "-nodefaults", "-no-user-config", "-display", "none",
             "-kernel", self.kernel / f"boot/vmlinuz-{self.version}", "-initrd", self.directory / "initrd",
             "-append", f"{SETTINGS} root=/dev/vda rw {self.clock()}", "-serial", f"file:{self.directory / 'console'}",
             "-drive", f"file={self.directory / 'disk'},format=qcow2,if=virtio,cache=writeback",
             "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
             # A network card with a DHCP server behind it, and nothing else.
             "-nic", "user,model=virtio-net-pci,restrict=on",
             "-device", "virtio-serial-pci", "-chardev", f"socket,id=line,path={path}",
             "-device", "virtserialport,chardev=line,name=wggw"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(self.directory / "emulator", "w"))
        listener.settimeout(30)
        self.line = Line(listener.accept()[0])
        listener.close()
        self.await_boot()
        return time.monotonic() - begun

    @staticmethod
    def clock():
        """Where this machine is a guest itself, its processor's frequency is that of the counter which the guest's clock is."""
        text = pathlib.Path("/proc/cpuinfo").read_text()
        if " hypervisor" not in text:
            return ""
        megahertz = float(next(line.split(":")[1] for line in text.split("\n") if line.startswith("cpu MHz")))
        return f"tsc_early_khz={int(megahertz * 1000)}"

    def await_boot(self, limit=180):
        word = self.line.receive(limit * PATIENCE)
        if not word or word[0] != "boot" or word[1] == self.boot_id:
            raise MachineFailed(f"it does not boot: {self.console()}")
        self.boot_id = word[1]

    def reboot(self):
        """As an admin reboots; how many seconds until it is there again."""
        begun = time.monotonic()
        self.line.send("systemctl --no-block reboot")
        while (word := self.line.receive(180 * PATIENCE)) and word[0] != "boot":
            pass
        if not word:
            raise MachineFailed(f"it does not come back: {self.console()}")
        self.boot_id = word[1]
        return time.monotonic() - begun

    def cut_power(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        if self.line:
            self.line.close()
            self.line = None

    def console(self):
        with contextlib.suppress(OSError):
            return (self.directory / "console").read_text(errors="replace")[-1500:]
        return ""

    # Commands

    def run(self, script, check=True, limit=60):
        """A script for bash as root; `.code`, `.out`, `.err`. Raises `MachineFailed` on another status than 0 unless told not to."""
        self.line.send(script)
        word = self.line.receive(limit * PATIENCE)
        if not word:
            raise MachineFailed(f"{script}: no end after {limit * PATIENCE:g} s: {self.console()}")
        if word[0] != "done":
            raise MachineFailed(f"{script}: the machine started anew")
        texts = [base64.b64decode(text).decode(errors="replace") for text in (word[2:] + ["", ""])[:2]]
        done = Done(int(word[1]), *texts)
        if check and done.code:
            raise MachineFailed(f"{script}: status {done.code}: {(done.err or done.out).strip()[-600:]}")
        return done

    def begin(self, script):
        """Begins a script that nobody waits for: the power may go in the middle of it."""
        self.line.send(script)


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


class Line:
    """Lines of words, each way."""

    def __init__(self, connection):
        self.connection = connection
        self.buffer = b""

    def send(self, script):
        self.connection.sendall(base64.b64encode(script.encode()) + b"\n")

    def receive(self, seconds):
        """The words of the next line; [] if none came in time."""
        end = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            self.connection.settimeout(max(0.01, end - time.monotonic()))
            try:
                more = self.connection.recv(65536)
            except TimeoutError:
                return []
            if not more:
                return []
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        # A word for none, where a script printed nothing.
        return line.decode().split(" ")

    def close(self):
        self.connection.close()
