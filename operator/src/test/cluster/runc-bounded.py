#!/usr/bin/python3
"""A container runtime for machines that withhold capabilities from root.

A privileged container asks for every capability the kernel knows; runc fails when one is not in the
bounding set. This drops those from the bundle and hands over to runc.
"""

import json
import os
import sys

NAMES = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
PERFMON BPF CHECKPOINT_RESTORE""".split()


def missing_capabilities():
    with open("/proc/self/status", encoding="ascii") as status:
        bounding = next(int(line.split()[1], 16) for line in status if line.startswith("CapBnd"))
    return {"CAP_" + name for bit, name in enumerate(NAMES) if not bounding >> bit & 1}


def value_of(arguments, *flags):
    for position, argument in enumerate(arguments):
        if argument in flags:
            return arguments[position + 1]
        for flag in flags:
            if argument.startswith(flag + "="):
                return argument[len(flag) + 1 :]
    return None


def drop(path, missing):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    capabilities = document.get("process", document).get("capabilities") or {}
    for kind, names in capabilities.items():
        capabilities[kind] = [name for name in names if name not in missing]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)


def main():
    arguments = sys.argv[1:]
    missing = missing_capabilities()
    if "create" in arguments or "run" in arguments:
        bundle = value_of(arguments, "--bundle", "-b") or os.getcwd()
        drop(os.path.join(bundle, "config.json"), missing)
    elif "exec" in arguments:
        process = value_of(arguments, "--process", "-p")
        if process:
            drop(process, missing)
    runc = next(path for path in ("/usr/sbin/runc", "/usr/bin/runc") if os.path.exists(path))
    os.execv(runc, ["runc", *arguments])


main()
