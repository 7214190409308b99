/* SPDX-License-Identifier: MIT */
/*
 * fakexen.c - a stand-in for Xen's user-space libraries, for tests on a host
 * without a hypervisor
 *
 * Preloaded (LD_PRELOAD) into an unmodified xenstore daemon, ours or Debian's,
 * it lets a test play the domains. Everything lives in the directory that
 * $FAKEXEN_DIR names:
 *
 *	dom<N>.page	the ring page of domain N; exists while N does
 *	dom<N>.state	"run", "shutdown" or "dying"; missing means "run"
 *	dom<N>.evt	datagram socket of N: receives one datagram per notify
 *	daemon.evt	datagram socket of the daemon: a datagram holds two
 *			uint32_t, domain and its remote port; domain 0xffff
 *			is the VIRQ "a domain changed state"
 *
 * The program under test is single-threaded; nothing here takes a lock.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenforeignmemory.h>

#define NR_PORTS 256
#define DOM_VIRQ 0xffffu

struct port {
	bool used;
	uint32_t domid;
	uint32_t remote;
};

static struct port ports[NR_PORTS];
static int evt_fd = -1;
static char handle;		/* its address is every library's handle */

static const char *in_dir(char *buf, size_t len, const char *fmt, ...)
{
	const char *dir = getenv("FAKEXEN_DIR");
	va_list ap;
	int n;

	n = snprintf(buf, len, "%s/", dir ? dir : "/nonexistent");
	va_start(ap, fmt);
	vsnprintf(buf + n, len - (size_t)n, fmt, ap);
	va_end(ap);
	return buf;
}

static struct sockaddr_un evt_addr(const char *name)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	in_dir(sa.sun_path, sizeof(sa.sun_path), "%s", name);
	return sa;
}

static bool domain_exists(uint32_t domid)
{
	char path[256];

	return access(in_dir(path, sizeof(path), "dom%u.page", domid),
		      F_OK) == 0;
}

static char domain_state(uint32_t domid)
{
	char path[256];
	char c = 'r';
	int fd;

	fd = open(in_dir(path, sizeof(path), "dom%u.state", domid), O_RDONLY);
	if (fd < 0)
		return 'r';
	if (read(fd, &c, 1) != 1)
		c = 'r';
	close(fd);
	return c;
}

static void *map_page(uint32_t domid)
{
	char path[256];
	void *p;
	int fd;

	fd = open(in_dir(path, sizeof(path), "dom%u.page", domid), O_RDWR);
	if (fd < 0)
		return NULL;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

/* --- event channels --- */

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger,
				 unsigned int flags)
{
	struct sockaddr_un sa = evt_addr("daemon.evt");

	(void)logger;
	unlink(sa.sun_path);
	evt_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK |
			(flags & XENEVTCHN_NO_CLOEXEC ? 0 : SOCK_CLOEXEC), 0);
	if (evt_fd < 0 || bind(evt_fd, (void *)&sa, sizeof(sa)))
		return NULL;
	return (void *)&handle;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd,
				   unsigned int flags)
{
	(void)logger;
	(void)flags;
	evt_fd = fd;
	return (void *)&handle;
}

int xenevtchn_close(xenevtchn_handle *xce)
{
	(void)xce;
	return close(evt_fd);
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	(void)xce;
	return evt_fd;
}

static int port_alloc(uint32_t domid, uint32_t remote)
{
	int i;

	for (i = 1; i < NR_PORTS; i++) {
		if (ports[i].used)
			continue;
		ports[i] = (struct port){ true, domid, remote };
		return i;
	}
	errno = ENOSPC;
	return -1;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce,
					      unsigned int virq)
{
	(void)xce;
	(void)virq;
	return port_alloc(DOM_VIRQ, 0);
}

xenevtchn_port_or_error_t
xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
			   evtchn_port_t remote)
{
	(void)xce;
	if (!domain_exists(domid)) {
		errno = ESRCH;
		return -1;
	}
	/* As Xen: who is bound to somebody is not there for anybody else. */
	for (unsigned int i = 0; i < NR_PORTS; i++) {
		if (!ports[i].used || ports[i].domid != domid ||
		    ports[i].remote != remote)
			continue;
		errno = EINVAL;
		return -1;
	}
	return port_alloc(domid, remote);
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *xce,
						      uint32_t domid)
{
	(void)xce;
	return port_alloc(domid, 0);
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	if (port >= NR_PORTS || !ports[port].used) {
		errno = EINVAL;
		return -1;
	}
	ports[port].used = false;
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
	struct sockaddr_un sa;
	char name[32];
	uint32_t remote;

	(void)xce;
	if (port >= NR_PORTS || !ports[port].used) {
		errno = EINVAL;
		return -1;
	}
	remote = ports[port].remote;
	snprintf(name, sizeof(name), "dom%u.evt", ports[port].domid);
	sa = evt_addr(name);
	/* A guest that does not listen just polls its ring. */
	(void)!sendto(evt_fd, &remote, sizeof(remote), MSG_DONTWAIT,
		      (void *)&sa, sizeof(sa));
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	uint32_t who[2];
	int i;

	(void)xce;
	if (recv(evt_fd, who, sizeof(who), MSG_DONTWAIT) != sizeof(who))
		return -1;
	for (i = 1; i < NR_PORTS; i++)
		if (ports[i].used && ports[i].domid == who[0] &&
		    ports[i].remote == who[1])
			return i;
	errno = EAGAIN;
	return -1;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

/* --- memory of domains --- */

xengnttab_handle *xengnttab_open(struct xentoollog_logger *l, unsigned int f)
{
	(void)l;
	(void)f;
	return (void *)&handle;
}

int xengnttab_close(xengnttab_handle *xgt)
{
	(void)xgt;
	return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr)
{
	(void)xgt;
	(void)nr;
	return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid,
			      uint32_t ref, int prot)
{
	(void)xgt;
	(void)prot;
	if (ref != 1) {
		errno = EINVAL;
		return NULL;
	}
	return map_page(domid);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *addr, uint32_t count)
{
	(void)xgt;
	return munmap(addr, 4096ul * count);
}

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *l,
					       unsigned int f)
{
	(void)l;
	(void)f;
	return (void *)&handle;
}

int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
	(void)fmem;
	return 0;
}

void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom,
			   int prot, size_t pages, const xen_pfn_t arr[],
			   int err[])
{
	void *p = pages == 1 ? map_page(dom) : NULL;

	(void)fmem;
	(void)prot;
	(void)arr;
	if (err)
		err[0] = p ? 0 : -EINVAL;
	return p;
}

int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr,
			   size_t pages)
{
	(void)fmem;
	return munmap(addr, 4096ul * pages);
}

/* --- domain information: Debian's daemons ask libxenctrl, ours xencall --- */

xc_interface *xc_interface_open(xentoollog_logger *a, xentoollog_logger *b,
				unsigned int flags)
{
	(void)a;
	(void)b;
	(void)flags;
	return (void *)&handle;
}

int xc_interface_close(xc_interface *xch)
{
	(void)xch;
	return 0;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int max,
		      xc_dominfo_t *info)
{
	unsigned int n = 0;

	(void)xch;
	for (; first < 1024 && n < max; first++) {
		if (!domain_exists(first))
			continue;
		memset(info, 0, sizeof(*info));
		info->domid = first;
		info->running = domain_state(first) == 'r';
		info->shutdown = domain_state(first) == 's';
		info->dying = domain_state(first) == 'd';
		info++;
		n++;
	}
	return (int)n;
}

static void fill_info(struct xen_domctl_getdomaininfo *info, uint32_t domid)
{
	memset(info, 0, sizeof(*info));
	info->domain = (domid_t)domid;
	switch (domain_state(domid)) {
	case 's':
		info->flags = XEN_DOMINF_shutdown;
		break;
	case 'd':
		info->flags = XEN_DOMINF_dying;
		break;
	default:
		info->flags = XEN_DOMINF_running;
	}
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first, unsigned int max,
			  xc_domaininfo_t *info)
{
	unsigned int n = 0;

	(void)xch;
	for (; first < 1024 && n < max; first++)
		if (domain_exists(first))
			fill_info(&info[n++], first);
	return (int)n;
}

void *xc_map_foreign_range(xc_interface *xch, uint32_t dom, int size, int prot,
			   unsigned long mfn)
{
	(void)xch;
	(void)size;
	(void)prot;
	(void)mfn;
	return map_page(dom);
}

xencall_handle *xencall_open(xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return (void *)&handle;
}

int xencall_close(xencall_handle *xcall)
{
	(void)xcall;
	return 0;
}

void *xencall_alloc_buffer(xencall_handle *xcall, size_t size)
{
	(void)xcall;
	return calloc(1, size);
}

void xencall_free_buffer(xencall_handle *xcall, void *p)
{
	(void)xcall;
	free(p);
}

/* What the hypervisor has said is the file "ring"; nothing of it goes. */
static int read_ring(struct xen_sysctl_readconsole *r)
{
	char path[128];
	FILE *f = fopen(in_dir(path, sizeof(path), "ring"), "r");
	size_t n = 0;

	if (f && !fseek(f, (long)r->index, SEEK_SET))
		n = fread(r->buffer.p, 1, r->count, f);
	if (f)
		fclose(f);
	r->count = (uint32_t)n;
	r->index += (uint32_t)n;
	return 0;
}

static int list_domains(struct xen_sysctl *ctl)
{
	struct xen_sysctl_getdomaininfolist *list = &ctl->u.getdomaininfolist;
	struct xen_domctl_getdomaininfo *info = list->buffer.p;
	uint32_t dom;

	if (ctl->cmd == XEN_SYSCTL_readconsole)
		return read_ring(&ctl->u.readconsole);
	if (ctl->cmd != XEN_SYSCTL_getdomaininfolist) {
		errno = ENOSYS;
		return -1;
	}
	list->num_domains = 0;
	for (dom = list->first_domain;
	     dom < 1024 && list->num_domains < list->max_domains; dom++)
		if (domain_exists(dom))
			fill_info(&info[list->num_domains++], dom);
	return 0;
}

int xencall1(xencall_handle *xcall, unsigned int op, uint64_t arg1)
{
	struct xen_domctl *ctl = (void *)(uintptr_t)arg1;
	uint32_t dom = ctl->domain;

	(void)xcall;
	if (op == __HYPERVISOR_sysctl)
		return list_domains((void *)ctl);
	if (op != __HYPERVISOR_domctl ||
	    ctl->cmd != XEN_DOMCTL_getdomaininfo) {
		errno = ENOSYS;
		return -1;
	}
	while (dom < 1024 && !domain_exists(dom))
		dom++;
	if (dom == 1024) {
		errno = ESRCH;
		return -1;
	}
	fill_info(&ctl->u.getdomaininfo, dom);
	ctl->domain = (domid_t)dom;
	return 0;
}

/* --- Dom0's own ring, which Linux offers by files --- */

static int open_mode(const char *path, int flags, mode_t mode)
{
	static int (*next)(const char *, int, ...);
	char buf[256];

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "open");
	if (!strcmp(path, "/proc/xen/xsd_kva"))
		path = in_dir(buf, sizeof(buf), "dom0.page");
	else if (!strcmp(path, "/proc/xen/xsd_port"))
		path = in_dir(buf, sizeof(buf), "xsd_port");
	return next(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open_mode(path, flags, mode);
}

/* oxenstored raises its limit of descriptors; a plain user may not. */
#include <sys/resource.h>
int setrlimit(__rlimit_resource_t resource, const struct rlimit *rlim)
{
	(void)resource;
	(void)rlim;
	return 0;
}
