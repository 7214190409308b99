# SPDX-License-Identifier: MIT
"""model.py - what a xenstore should do, as simply as it can be said

Written from xenstore.txt and the conflict rule in docs/xenstore.md, not from
the daemon. A version of the tree is a dictionary; a transaction copies it
whole, and remembers facts: what it learned from the version it started from.
It commits if all its facts are true of the current version.
"""


class Refused(Exception):
    """args[0] is the name of the error."""


class Seen:
    """Value and permissions of a node, as a transaction saw them.

    They hold unless the node was set or made anew meanwhile. One exception: a
    node that got its first child meanwhile, and looks the same, counts as not
    set, even if it was set to the same.
    """

    def __init__(self, node):
        self.stamp = node.stamp
        self.contents = node.value, node.perms
        self.inner = node.kids_stamp != 0
        self.inner_stamp = node.inner_stamp

    def __eq__(self, was):
        if was is None:
            return False
        if self.stamp == was.stamp:
            return True
        return self.inner and self.inner_stamp == was.inner_stamp and \
            self.contents == was.contents


class Node:
    __slots__ = ("value", "perms", "stamp", "kids_stamp", "inner_stamp")

    def __init__(self, value, perms, stamp):
        self.value, self.perms = value, perms
        self.stamp = stamp
        self.kids_stamp = 0     # it never had a child
        self.inner_stamp = 0    # nor was it set since it had one

    def set(self, stamp):
        self.stamp = stamp
        if self.kids_stamp:
            self.inner_stamp = stamp

    def copy(self):
        node = Node(self.value, self.perms, self.stamp)
        node.kids_stamp = self.kids_stamp
        node.inner_stamp = self.inner_stamp
        return node


def parent(path):
    return path.rpartition("/")[0] or "/"


def allowed(perms, domid):
    """'', 'r', 'w' or 'rw'"""
    if domid == 0 or int(perms[0][1:]) == domid:
        return "rw"
    found = perms[0]
    for perm in perms[1:]:
        if int(perm[1:]) == domid:
            found = perm
            break
    return {"n": "", "r": "r", "w": "w", "b": "rw"}[found[0]]


class Transaction:
    def __init__(self, tree):
        self.base = tree
        self.tree = {path: node.copy() for path, node in tree.items()}
        self.facts = {}         # (path, kind) -> what was true of the base
        self.log = []


class Model:
    def __init__(self):
        self.clock = 0
        self.tree = {}
        for path in ("/", "/tool", "/tool/xenstored"):
            self.tree[path] = Node(b"", ("n0",), 0)
        self.transactions = {}

    def tick(self):
        self.clock += 1
        return self.clock

    # --- transactions ---

    def start(self, key):
        tx = Transaction({p: n.copy() for p, n in self.tree.items()})
        self.transactions[key] = tx

    @staticmethod
    def fact(tree, path, kind):
        node = tree.get(path)
        if node is None:
            return None
        return {"exists": True, "node": Seen(node), "perms": node.perms,
                "stamp": node.stamp, "kids": node.kids_stamp}[kind]

    def learn(self, tx, path, *kinds):
        if tx is None:
            return
        for kind in ("exists", *kinds):
            if kind == "all":
                for below in tx.base:
                    if below == path or below.startswith(path + "/"):
                        tx.facts[below, "stamp"] = \
                            self.fact(tx.base, below, "stamp")
                        tx.facts[below, "kids"] = \
                            self.fact(tx.base, below, "kids")
                continue
            tx.facts[path, kind] = self.fact(tx.base, path, kind)

    def end(self, key, commit):
        tx = self.transactions.pop(key)
        if not commit:
            return
        if tx.log and any(self.fact(self.tree, path, kind) != was
                          for (path, kind), was in tx.facts.items()):
            raise Refused("EAGAIN")
        for change in tx.log:
            change(self.tree)

    # --- requests; tx is None outside of a transaction ---

    def view(self, tx):
        return self.tree if tx is None else tx.tree

    def change(self, tx, function):
        function(self.view(tx))
        if tx is not None:
            tx.log.append(function)

    def node(self, tx, domid, path, want, *kinds):
        tree = self.view(tx)
        self.learn(tx, path, "perms", *kinds)
        if path not in tree:
            up = path
            while up not in tree:
                up = parent(up)
            self.learn(tx, up, "perms")
            raise Refused("ENOENT" if "r" in allowed(tree[up].perms, domid)
                          else "EACCES")
        if want not in allowed(tree[path].perms, domid):
            raise Refused("EACCES")
        return tree[path]

    def read(self, tx, domid, path):
        return self.node(tx, domid, path, "r", "node").value

    def kids(self, tree, path):
        prefix = path if path == "/" else path + "/"
        return sorted(p[len(prefix):] for p in tree if p != "/" and
                      p.startswith(prefix) and "/" not in p[len(prefix):])

    def directory(self, tx, domid, path):
        self.node(tx, domid, path, "r", "kids")
        return self.kids(self.view(tx), path)

    def get_perms(self, tx, domid, path):
        return self.node(tx, domid, path, "r", "node").perms

    def create(self, tx, domid, path, value):
        tree = self.view(tx)
        missing = []
        up = path
        while up not in tree:
            self.learn(tx, up)
            missing.append(up)
            up = parent(up)
        perms = self.node(tx, domid, up, "w").perms
        if domid:
            perms = (perms[0][0] + str(domid),) + perms[1:]

        def add(target):
            stamp = self.tick()
            for new in reversed(missing):
                target[new] = Node(value if new == path else b"", perms,
                                   stamp)
                target[parent(new)].kids_stamp = stamp
        self.change(tx, add)

    def write(self, tx, domid, path, value):
        if path not in self.view(tx):
            self.create(tx, domid, path, value)
            return
        self.node(tx, domid, path, "w", "node")

        def update(target):
            target[path].value = value
            target[path].set(self.tick())
        self.change(tx, update)

    def mkdir(self, tx, domid, path):
        if path not in self.view(tx):
            self.create(tx, domid, path, b"")
            return
        self.node(tx, domid, path, "w")

    def rm(self, tx, domid, path):
        tree = self.view(tx)
        if path == "/":
            raise Refused("EINVAL")
        if path not in tree:
            self.learn(tx, path)
            self.node(tx, domid, parent(path), "r")
            return
        self.node(tx, domid, path, "w", "all")

        def remove(target):
            target[parent(path)].kids_stamp = self.tick()
            for below in [p for p in target if p == path or
                          p.startswith(path + "/")]:
                del target[below]
        self.change(tx, remove)

    def set_perms(self, tx, domid, path, perms):
        node = self.node(tx, domid, path, "", "node")
        owner = int(node.perms[0][1:])
        if domid not in (0, owner):
            raise Refused("EACCES")
        if domid and int(perms[0][1:]) != owner:
            raise Refused("EPERM")

        def update(target):
            target[path].perms = perms
            target[path].set(self.tick())
        self.change(tx, update)
