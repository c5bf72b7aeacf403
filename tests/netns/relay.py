# SPDX-License-Identifier: LGPL-2.1-or-later
"""A slow line between two network namespaces, without tc netem, which many kernels lack: a tun
device in each, and every packet waits here before it goes on.

relay.py NAMESPACE NAMESPACE DEVICE MILLISECONDS

Prints "ready" when both devices exist; ends with its standard input."""

import collections
import ctypes
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
PACKET = 65536


def enter(namespace):
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f'/run/netns/{namespace}', 'rb') as f:
        if libc.setns(f.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f'setns {namespace}')


def tun(namespace, device):
    """The device is in the namespace; its other end, this descriptor, may be used from anywhere."""
    enter(namespace)
    fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH22x', device.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def take(source, target, queue, delay):
    while True:
        try:
            packet = os.read(source, PACKET)
        except BlockingIOError:
            return
        except OSError: # not up yet, or not any more
            return
        queue.append((time.monotonic() + delay, target, packet))


def give(queue):
    """Every packet waits equally long, so the queue is in order of time."""
    while queue and queue[0][0] <= time.monotonic():
        _, target, packet = queue.popleft()
        try:
            os.write(target, packet)
        except OSError: # a line may lose packets
            pass


def run(ends, delay):
    queue = collections.deque()
    while True:
        wait = max(0, queue[0][0] - time.monotonic()) if queue else None
        ready, _, _ = select.select([0, *ends], [], [], wait)
        if 0 in ready and not os.read(0, 1):
            return
        for i in (0, 1):
            if ends[i] in ready:
                take(ends[i], ends[1 - i], queue, delay)
        give(queue)


def main():
    one, two, device, milliseconds = sys.argv[1:5]
    ends = [tun(one, device), tun(two, device)]
    print('ready', flush=True)
    run(ends, float(milliseconds) / 1000)


main()
