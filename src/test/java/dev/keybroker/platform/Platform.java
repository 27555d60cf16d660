package dev.keybroker.platform;

import java.util.Properties;

/// A supported platform: how a JVM there names it, and how the artefacts made for it are named.
enum Platform {
  LINUX_X86_64("Linux", "amd64", "linux-x86_64", "linux-amd64"),
  LINUX_ARM64("Linux", "aarch64", "linux-aarch_64", "linux-arm64v8"),
  MACOS_X86_64("Mac OS X", "x86_64", "osx-x86_64", "darwin-amd64"),
  MACOS_ARM64("Mac OS X", "aarch64", "osx-aarch_64", "darwin-arm64v8");

  private final String osName;
  private final String osArch;

  /// Of the crypto provider, buf, protoc and its gRPC plugin.
  final String classifier;

  /// In the artifact id of PostgreSQL's binaries.
  final String postgres;

  Platform(String osName, String osArch, String classifier, String postgres) {
    this.osName = osName;
    this.osArch = osArch;
    this.classifier = classifier;
    this.postgres = postgres;
  }

  /// The system properties of this machine, with the platform's in place of its own.
  Properties systemProperties() {
    Properties properties = new Properties();
    properties.putAll(System.getProperties());
    properties.setProperty("os.name", osName);
    properties.setProperty("os.arch", osArch);
    return properties;
  }
}
