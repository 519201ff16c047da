# Untested, see ../README.md.
SUMMARY = "China Mobile NB-IoT modules as MQTT clients over a serial port"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE-MIT;md5=@MD5@"

SRC_URI = "git://@SOURCE@;protocol=https;branch=main"
SRCREV = "v${PV}"
S = "${WORKDIR}/git"

inherit cargo cargo-update-recipe-crates
require m531x-crates.inc

CARGO_BUILD_FLAGS:append = " --package m531x-capi --profile release-size --no-default-features --features outbox"

do_install() {
    install -d ${D}${libdir} ${D}${includedir}
    install -m 0755 ${B}/target/${CARGO_TARGET_SUBDIR}/../release-size/libm531x.so ${D}${libdir}/libm531x.so.0
    ln -sf libm531x.so.0 ${D}${libdir}/libm531x.so
    install -m 0644 ${S}/include/m531x.h ${D}${includedir}
}
