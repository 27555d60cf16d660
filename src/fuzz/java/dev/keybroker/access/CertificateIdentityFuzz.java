package dev.keybroker.access;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keybroker.fuzz.Seeds;
import java.math.BigInteger;
import java.security.Principal;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A certificate names a caller only where an independent reading of its names leaves no choice,
/// and then by its own text; an authority's, an ambiguous or a strange one names nobody.
///
/// The input's first byte says of what kind the certificate is; then comes a name in each line, the
/// first character of which is its type (`6` URI, `2` DNS, others). Names are long at times: a `#`
/// in one stands for a path of a thousand segments.
public final class CertificateIdentityFuzz {
  private static final String SEGMENTS = "/a".repeat(1_000);

  private CertificateIdentityFuzz() {}

  public static void fuzzerInitialize() {
    Seeds.add(
        "\0006spiffe://example.org/media/recorder",
        "\0006spiffe://example.org/media\n2recorder.example.org",
        "\0002recorder.example.org",
        "\0006https://example.org/\n2Recorder_1.example.org",
        "\0012recorder.example.org",
        "\0036spiffe://example.org/ca",
        "\0046spiffe://example.org/media/recorder",
        "\0006spiffe://other.example/a\n6SPIFFE://example.org/b",
        "\0006spiffe://example.org/../a",
        "\0002a.example\n2b.example\n710.0.0.1");
  }

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    boolean authority = (input[0] & 1) != 0;
    boolean signs = (input[0] & 2) != 0;
    boolean mayNotSign = (input[0] & 4) != 0;
    List<List<?>> names = new ArrayList<>();
    for (String line : new String(input, 1, input.length - 1, UTF_8).split("\n", -1)) {
      if (!line.isEmpty()) {
        names.add(List.of(line.charAt(0) & 7, line.substring(1).replace("#", SEGMENTS)));
      }
    }
    CertificateIdentity identity =
        CertificateIdentity.of(new Named(names, authority, signs, !mayNotSign));
    List<String> uris = texts(names, 6);
    List<String> hosts = texts(names, 2);
    boolean spiffe =
        uris.stream().anyMatch(uri -> uri.toLowerCase(Locale.ROOT).startsWith("spiffe:"));
    switch (identity) {
      case CertificateIdentity.Named(Caller caller) -> {
        if (spiffe) {
          holds(uris.size() == 1 && caller.subject().equals(uris.getFirst()), "another URI");
          holds(caller.kind() == Caller.Kind.SPIFFE, "another kind");
          holds(!authority && !signs, "an authority's");
          holds(!mayNotSign, "a key that may not sign");
          holds(isWorkload(caller.subject()), "no workload's id");
        } else {
          holds(hosts.size() == 1 && caller.subject().equalsIgnoreCase(hosts.getFirst()), "other");
          holds(caller.kind() == Caller.Kind.DNS, "another kind");
          holds(caller.subject().matches("[a-z0-9._-]{1,253}"), "no name of a host");
        }
      }
      case CertificateIdentity.Unusable(String reason) ->
          holds(
              !spiffe
                  || uris.size() != 1
                  || authority
                  || signs
                  || mayNotSign
                  || !isWorkload(uris.getFirst()),
              "refused a workload's id");
      case CertificateIdentity.None none -> holds(false, "there was a certificate");
    }
  }

  /// The rules of the SPIFFE standard, by other means than the code under test.
  private static boolean isWorkload(String id) {
    if (id.length() > 2_048 || !id.startsWith("spiffe://")) {
      return false;
    }
    String[] parts = id.substring("spiffe://".length()).split("/", -1);
    if (parts.length < 2
        || parts[0].length() > 255
        || !consistsOf(parts[0], "abcdefghijklmnopqrstuvwxyz0123456789._-")) {
      return false;
    }
    return Arrays.stream(parts, 1, parts.length)
        .allMatch(
            segment ->
                !segment.equals(".")
                    && !segment.equals("..")
                    && consistsOf(
                        segment.toLowerCase(Locale.ROOT),
                        "abcdefghijklmnopqrstuvwxyz0123456789._-"));
  }

  private static boolean consistsOf(String text, String characters) {
    return !text.isEmpty() && text.chars().allMatch(c -> characters.indexOf(c) >= 0);
  }

  private static List<String> texts(List<List<?>> names, int type) {
    return names.stream()
        .filter(name -> name.get(0).equals(type))
        .map(name -> String.valueOf(name.get(1)))
        .toList();
  }

  /// A certificate of which only the names and the use count.
  private static final class Named extends X509Certificate {
    private final transient Collection<List<?>> names;
    private final boolean authority;
    private final boolean signs;
    private final boolean maySign;

    Named(Collection<List<?>> names, boolean authority, boolean signs, boolean maySign) {
      this.names = names;
      this.authority = authority;
      this.signs = signs;
      this.maySign = maySign;
    }

    @Override
    public @Nullable Collection<List<?>> getSubjectAlternativeNames() {
      return names.isEmpty() ? null : names;
    }

    @Override
    public int getBasicConstraints() {
      return authority ? 0 : -1;
    }

    @Override
    public boolean[] getKeyUsage() {
      boolean[] usage = new boolean[9];
      usage[0] = maySign;
      usage[5] = signs;
      return usage;
    }

    private static UnsupportedOperationException notLookedAt() {
      return new UnsupportedOperationException();
    }

    @Override
    public void checkValidity() {
      throw notLookedAt();
    }

    @Override
    public void checkValidity(Date date) {
      throw notLookedAt();
    }

    @Override
    public int getVersion() {
      throw notLookedAt();
    }

    @Override
    public BigInteger getSerialNumber() {
      throw notLookedAt();
    }

    @Override
    public Principal getIssuerDN() {
      throw notLookedAt();
    }

    @Override
    public Principal getSubjectDN() {
      throw notLookedAt();
    }

    @Override
    public Date getNotBefore() {
      throw notLookedAt();
    }

    @Override
    public Date getNotAfter() {
      throw notLookedAt();
    }

    @Override
    public byte[] getTBSCertificate() {
      throw notLookedAt();
    }

    @Override
    public byte[] getSignature() {
      throw notLookedAt();
    }

    @Override
    public String getSigAlgName() {
      throw notLookedAt();
    }

    @Override
    public String getSigAlgOID() {
      throw notLookedAt();
    }

    @Override
    public byte[] getSigAlgParams() {
      throw notLookedAt();
    }

    @Override
    public boolean[] getIssuerUniqueID() {
      throw notLookedAt();
    }

    @Override
    public boolean[] getSubjectUniqueID() {
      throw notLookedAt();
    }

    @Override
    public byte[] getEncoded() {
      throw notLookedAt();
    }

    @Override
    public void verify(PublicKey key) {
      throw notLookedAt();
    }

    @Override
    public void verify(PublicKey key, String provider) {
      throw notLookedAt();
    }

    @Override
    public String toString() {
      return "names " + names;
    }

    @Override
    public PublicKey getPublicKey() {
      throw notLookedAt();
    }

    @Override
    public boolean hasUnsupportedCriticalExtension() {
      return false;
    }

    @Override
    public Set<String> getCriticalExtensionOIDs() {
      return Set.of();
    }

    @Override
    public Set<String> getNonCriticalExtensionOIDs() {
      return Set.of();
    }

    @Override
    public byte @Nullable [] getExtensionValue(String oid) {
      return null;
    }
  }
}
