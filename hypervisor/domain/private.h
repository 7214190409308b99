/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of domain/ share
 */
#ifndef LODGE_DOMAIN_PRIVATE_H
#define LODGE_DOMAIN_PRIVATE_H

#include <lodge/domain.h>

/* domain.c */
struct domain *domain_struct_get(void);
void domain_struct_put(struct domain *d);
void domain_unlist(struct domain *d);

/* build.c */
void domain_free_later(struct domain *d);
void domain_free_run(void);

/* vcpu.c */
/* It never runs again, and no CPU or timer knows it any more. */
void vcpu_stop(struct vcpu *v);
void vcpu_free(struct vcpu *v);
extern bool opt_noreboot;

/* physdev.c */
void domain_pirqs_free(struct domain *d);

/* watchdog.c */
void domain_watchdogs_init(struct domain *d);
void domain_watchdogs_kill(struct domain *d);
int domain_watchdog(struct domain *d, uint32_t id, uint32_t timeout_s);

/* time.c, console-io.c: hooks into the layers below. */
void domain_time_init(void);
void domain_console_init(void);

/* nmi.c: likewise. */
void domain_nmi_init(void);

/* vcpu-info.c */
int vcpu_info_init(struct vcpu *v);
void vcpu_info_free(struct vcpu *v);
/* The domain dies: the guest's frame is given back. */
void vcpu_info_release(struct vcpu *v);
/* 0; -ENXIO bad offset; -EINVAL moved before, or bad frame; -EBUSY the vCPU may run */
int vcpu_info_move(struct vcpu *v, gfn_t gfn, unsigned int offset);
/* Is its vcpu_info the guest's to see? */
bool vcpu_info_usable(const struct vcpu *v);

#endif
