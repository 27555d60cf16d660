package dev.keybroker.security;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A certificate authority for tests, with P-256 keys.
public final class TestAuthority {
  private final X509Certificate certificate;
  private final PrivateKey key;

  /// A certificate with its private key.
  public record Issued(X509Certificate certificate, PrivateKey key) {
    /// Writes both as PEM, each file replaced at once.
    public void write(Path certificateFile, Path keyFile) throws IOException {
      replace(certificateFile, pem(certificate));
      replace(keyFile, pem(key));
    }

    public String certificatePem() throws IOException {
      return pem(certificate);
    }

    public String keyPem() throws IOException {
      return pem(key);
    }
  }

  /// What a certificate says.
  public static final class Request {
    private final List<GeneralName> names = new ArrayList<>();
    private boolean authority;
    private int keyUsage = -1;
    private Instant begin = Instant.now().minus(Duration.ofHours(1));
    private Instant end = Instant.now().plus(Duration.ofDays(1));

    public Request uri(String uri) {
      names.add(new GeneralName(GeneralName.uniformResourceIdentifier, uri));
      return this;
    }

    public Request dns(String name) {
      names.add(new GeneralName(GeneralName.dNSName, name));
      return this;
    }

    public Request ip(String address) {
      names.add(new GeneralName(GeneralName.iPAddress, address));
      return this;
    }

    public Request authority() {
      authority = true;
      return this;
    }

    /// Instead of the usage that the certificate's kind needs.
    ///
    /// @param usage bits of [KeyUsage]; 0 for a certificate without the extension
    public Request keyUsage(int usage) {
      keyUsage = usage;
      return this;
    }

    private int keyUsage() {
      if (keyUsage >= 0) {
        return keyUsage;
      }
      return authority
          ? KeyUsage.keyCertSign | KeyUsage.cRLSign | KeyUsage.digitalSignature
          : KeyUsage.digitalSignature;
    }

    public Request from(Instant time) {
      begin = time;
      return this;
    }

    public Request until(Instant time) {
      end = time;
      return this;
    }
  }

  private TestAuthority(X509Certificate certificate, PrivateKey key) {
    this.certificate = certificate;
    this.key = key;
  }

  /// An authority that signs for itself.
  public static TestAuthority create(String name) {
    return create(name, new Request());
  }

  /// An authority that signs for itself, with names, as those of SPIRE have their trust domain.
  public static TestAuthority create(String name, Request request) {
    KeyPair keys = keys();
    return new TestAuthority(
        sign(name, keys, name, keys.getPrivate(), request.authority()), keys.getPrivate());
  }

  /// An authority below this one.
  public TestAuthority intermediate(String name) {
    Issued issued = issue(name, new Request().authority());
    return new TestAuthority(issued.certificate(), issued.key());
  }

  /// The authority of a folder, made by who asks first: a test and its profile are of different
  /// class loaders and share no object.
  public static TestAuthority in(Path folder, String name) {
    Path certificateFile = folder.resolve(name + ".der");
    Path keyFile = folder.resolve(name + ".pkcs8");
    try {
      if (!Files.exists(keyFile)) {
        TestAuthority made = create(name);
        Files.write(certificateFile, made.certificate.getEncoded());
        Files.write(keyFile, made.key.getEncoded());
        return made;
      }
      try (InputStream in = Files.newInputStream(certificateFile)) {
        return new TestAuthority(
            (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in),
            KeyFactory.getInstance("EC")
                .generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(keyFile))));
      }
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// A certificate for the broker of a test: `localhost` and 127.0.0.1.
  public Issued server() {
    return issue("broker", new Request().dns("localhost").ip("127.0.0.1"));
  }

  public Issued issue(String name, Request request) {
    KeyPair keys = keys();
    String issuer = certificate.getSubjectX500Principal().getName().replaceFirst("^CN=", "");
    return new Issued(sign(name, keys, issuer, key, request), keys.getPrivate());
  }

  public X509Certificate certificate() {
    return certificate;
  }

  public String pem() throws IOException {
    return pem(certificate);
  }

  /// Writes a file as one step, as Kubernetes does.
  public static void replace(Path file, String text) throws IOException {
    Path next = Files.writeString(file.resolveSibling(file.getFileName() + ".next"), text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static KeyPair keys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509Certificate sign(
      String subject, KeyPair keys, String issuer, PrivateKey issuerKey, Request request) {
    try {
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              new X500Name("CN=" + issuer),
              new BigInteger(64, new SecureRandom()).add(BigInteger.ONE),
              Date.from(request.begin),
              Date.from(request.end),
              new X500Name("CN=" + subject),
              keys.getPublic());
      builder.addExtension(
          Extension.basicConstraints, true, new BasicConstraints(request.authority));
      if (request.keyUsage() != 0) {
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(request.keyUsage()));
      }
      if (!request.names.isEmpty()) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(request.names.toArray(GeneralName[]::new)));
      }
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(issuerKey)));
    } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String pem(Object object) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      // PKCS #8, as Kubernetes and cert-manager write keys.
      writer.writeObject(
          object instanceof PrivateKey privateKey
              ? new JcaPKCS8Generator(privateKey, null)
              : object);
    }
    return text.toString();
  }
}
