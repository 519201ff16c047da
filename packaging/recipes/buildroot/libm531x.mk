# Untested, see ../README.md.
LIBM531X_VERSION = 0.1.0
LIBM531X_SITE = $(LIBM531X_SOURCE_SITE)
LIBM531X_SITE_METHOD = git
LIBM531X_LICENSE = MIT or Apache-2.0
LIBM531X_LICENSE_FILES = LICENSE-MIT LICENSE-APACHE THIRD-PARTY.md
LIBM531X_INSTALL_STAGING = YES
LIBM531X_DEPENDENCIES = host-rustc

define LIBM531X_BUILD_CMDS
	cd $(@D) && $(TARGET_MAKE_ENV) $(TARGET_CONFIGURE_OPTS) $(PKG_CARGO_ENV) cargo build --offline --locked \
		--package m531x-capi --profile release-size --no-default-features --features outbox
endef

define LIBM531X_INSTALL_FILES
	$(INSTALL) -D -m 0755 $(@D)/target/$(RUSTC_TARGET_NAME)/release-size/libm531x.so $(1)/usr/lib/libm531x.so.0
	ln -sf libm531x.so.0 $(1)/usr/lib/libm531x.so
	$(INSTALL) -D -m 0644 $(@D)/include/m531x.h $(1)/usr/include/m531x.h
endef

define LIBM531X_INSTALL_STAGING_CMDS
	$(call LIBM531X_INSTALL_FILES,$(STAGING_DIR))
endef

define LIBM531X_INSTALL_TARGET_CMDS
	$(call LIBM531X_INSTALL_FILES,$(TARGET_DIR))
endef

$(eval $(cargo-package))
