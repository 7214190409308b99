# SPDX-License-Identifier: MIT
GUEST_PAGE_hello := y
