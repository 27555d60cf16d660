package dev.keybroker.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestAuthority.Request;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CertificateIdentityTest {
  private static final TestAuthority AUTHORITY = TestAuthority.create("clients");
  private static final String MEDIA = "spiffe://example.org/ns/media/sa/recorder";

  private static CertificateIdentity of(Request request) {
    return CertificateIdentity.of(
        AUTHORITY.issue("a name that never counts", request).certificate());
  }

  private static CertificateIdentity named(Caller.Kind kind, String subject) {
    return new CertificateIdentity.Named(new Caller(kind, subject));
  }

  @Test
  void spiffeId_isTheCaller_whateverDnsNamesStandBeside() {
    assertEquals(named(Caller.Kind.SPIFFE, MEDIA), of(new Request().uri(MEDIA)));
    assertEquals(
        named(Caller.Kind.SPIFFE, MEDIA),
        of(new Request().dns("a.example").uri(MEDIA).dns("b.example")));
  }

  @Test
  void oneDnsName_isTheCaller_inLowerCase() {
    assertEquals(
        named(Caller.Kind.DNS, "media.example.org"), of(new Request().dns("Media.Example.ORG")));
    assertEquals(
        named(Caller.Kind.DNS, "media.example.org"),
        of(new Request().dns("media.example.org").uri("https://example.org/").ip("10.0.0.1")));
  }

  static Stream<Arguments> ambiguous() {
    return Stream.of(
        Arguments.of("no name", new Request()),
        Arguments.of("an address alone", new Request().ip("10.0.0.1")),
        Arguments.of("two DNS names", new Request().dns("a.example").dns("b.example")),
        Arguments.of("two SPIFFE ids", new Request().uri(MEDIA).uri(MEDIA + "2")),
        Arguments.of("a SPIFFE id and a URI", new Request().uri("https://a.example").uri(MEDIA)),
        Arguments.of("an authority's SPIFFE id", new Request().uri(MEDIA).authority()),
        Arguments.of(
            "a SPIFFE id of a key that may not sign",
            new Request().uri(MEDIA).keyUsage(KeyUsage.keyEncipherment)),
        Arguments.of("a SPIFFE id without key usage", new Request().uri(MEDIA).keyUsage(0)),
        Arguments.of(
            "a SPIFFE id of a key that signs certificates",
            new Request().uri(MEDIA).keyUsage(KeyUsage.digitalSignature | KeyUsage.keyCertSign)),
        Arguments.of("a wildcard", new Request().dns("*.example.org")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ambiguous")
  void certificate_thatDoesNotNameOneCaller_namesNobody(String what, Request request) {
    assertInstanceOf(CertificateIdentity.Unusable.class, of(request), what);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spiffe://example.org",
        "spiffe://example.org/",
        "spiffe://Example.org/a",
        "SPIFFE://example.org/a",
        "spiffe:///a",
        "spiffe://example.org/a//b",
        "spiffe://example.org/a/../b",
        "spiffe://example.org/a/.",
        "spiffe://example.org/a/",
        "spiffe://example.org:8443/a",
        "spiffe://user@example.org/a",
        "spiffe://example.org/a?b",
        "spiffe://example.org/a#b",
        "spiffe://example.org/%61"
      })
  void spiffeId_thatIsNoneOfAWorkload_namesNobody(String uri) {
    assertInstanceOf(CertificateIdentity.Unusable.class, of(new Request().uri(uri)));
  }

  @Test
  void spiffeId_ofAnyLength_isReadWithinTheStack() {
    String longest = "spiffe://example.org" + "/a".repeat(1_014);
    assertEquals(2_048, longest.length());
    assertEquals(named(Caller.Kind.SPIFFE, longest), of(new Request().uri(longest)));
    assertInstanceOf(
        CertificateIdentity.Unusable.class,
        of(new Request().uri("spiffe://example.org" + "/a".repeat(20_000))));
  }
}
