package dev.keybroker.bench;

import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CryptoAlgorithm;
import com.google.crypto.tink.HybridDecrypt;
import com.google.crypto.tink.HybridEncrypt;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.RegistryConfiguration;
import com.google.crypto.tink.hybrid.HpkeParameters;
import com.google.crypto.tink.hybrid.HybridConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.MaterialProviders;
import software.amazon.cryptography.materialproviders.model.CreateRawRsaKeyringInput;
import software.amazon.cryptography.materialproviders.model.MaterialProvidersConfig;
import software.amazon.cryptography.materialproviders.model.PaddingScheme;

/// The libraries that a Java service can embed to wrap a DEK by itself, as a process on the
/// server's core: one thread, no network, every answer checked.
final class Peers implements AutoCloseable {
  /// AWS Encryption SDK with a raw RSA keyring of 3,072 bits, the suite without signatures.
  static final String ESDK = "AWS Encryption SDK, RSA_3072";

  /// Tink's HPKE of P-256.
  static final String TINK = "Tink HPKE, P256";

  private static final int DEK_SIZE = 32;

  private final Process process;
  private final PrintStream questions;
  private final BufferedReader answers;

  private Peers(Process process) {
    this.process = process;
    this.questions = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
    this.answers =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
  }

  static Peers start() throws IOException {
    return new Peers(
        Cores.SERVER
            .command(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx512m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Peers.class.getName()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start());
  }

  /// Wraps per second.
  double wraps(String peer, double seconds) throws IOException {
    return ask("wrap", peer, seconds);
  }

  /// Unwraps per second, each of another wrapped DEK.
  double unwraps(String peer, double seconds) throws IOException {
    return ask("unwrap", peer, seconds);
  }

  private double ask(String operation, String peer, double seconds) throws IOException {
    questions.println(operation + ";" + peer + ";" + seconds);
    String answer = answers.readLine();
    if (answer == null) {
      throw new IOException("the peers' process ended");
    }
    return Double.parseDouble(answer);
  }

  @Override
  public void close() {
    process.destroy();
  }

  /// A library with a key pair.
  private interface Library {
    byte[] wrap(byte[] dek) throws GeneralSecurityException;

    byte[] unwrap(byte[] wrapped) throws GeneralSecurityException;
  }

  /// Answers `operation;peer;seconds` lines with a rate each.
  public static void main(String[] args) throws IOException, GeneralSecurityException {
    Map<String, Library> libraries = new LinkedHashMap<>();
    libraries.put(ESDK, encryptionSdk());
    libraries.put(TINK, tink());
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] question = line.split(";", -1);
      Library library = libraries.get(question[1]);
      double seconds = Double.parseDouble(question[2]);
      System.out.println(
          question[0].equals("wrap") ? wrapRate(library, seconds) : unwrapRate(library, seconds));
    }
  }

  private static double wrapRate(Library library, double seconds) throws GeneralSecurityException {
    byte[] dek = new byte[DEK_SIZE];
    long calls = 0;
    long start = System.nanoTime();
    byte[] last = dek;
    for (; System.nanoTime() - start < seconds * 1e9; calls++) {
      dek[0]++;
      last = library.wrap(dek);
    }
    double rate = calls / ((System.nanoTime() - start) / 1e9);
    check(dek, library.unwrap(last));
    return rate;
  }

  private static double unwrapRate(Library library, double seconds)
      throws GeneralSecurityException {
    byte[][] deks = new byte[64][DEK_SIZE];
    byte[][] wrapped = new byte[deks.length][];
    for (int i = 0; i < deks.length; i++) {
      deks[i][0] = (byte) i;
      wrapped[i] = library.wrap(deks[i]);
    }
    int calls = 0;
    long start = System.nanoTime();
    for (; System.nanoTime() - start < seconds * 1e9; calls++) {
      check(deks[calls % deks.length], library.unwrap(wrapped[calls % deks.length]));
    }
    return calls / ((System.nanoTime() - start) / 1e9);
  }

  private static void check(byte[] dek, byte[] unwrapped) {
    if (!Arrays.equals(dek, unwrapped)) {
      throw new IllegalStateException("another DEK than the one that was wrapped");
    }
  }

  private static Library encryptionSdk() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(3072);
    KeyPair pair = generator.generateKeyPair();
    IKeyring keyring =
        MaterialProviders.builder()
            .MaterialProvidersConfig(MaterialProvidersConfig.builder().build())
            .build()
            .CreateRawRsaKeyring(
                CreateRawRsaKeyringInput.builder()
                    .keyNamespace("bench")
                    .keyName("rsa3072")
                    .paddingScheme(PaddingScheme.OAEP_SHA256_MGF1)
                    .publicKey(pem("PUBLIC KEY", pair.getPublic().getEncoded()))
                    .privateKey(pem("PRIVATE KEY", pair.getPrivate().getEncoded()))
                    .build());
    AwsCrypto crypto =
        AwsCrypto.builder()
            .withEncryptionAlgorithm(CryptoAlgorithm.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY)
            .build();
    return new Library() {
      @Override
      public byte[] wrap(byte[] dek) {
        return crypto.encryptData(keyring, dek, CheckedClient.CONTEXT).getResult();
      }

      @Override
      public byte[] unwrap(byte[] wrapped) {
        return crypto.decryptData(keyring, wrapped, CheckedClient.CONTEXT).getResult();
      }
    };
  }

  private static ByteBuffer pem(String type, byte[] der) {
    String text =
        "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
            .formatted(type, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der));
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static Library tink() throws GeneralSecurityException {
    HybridConfig.register();
    KeysetHandle keys =
        KeysetHandle.generateNew(
            HpkeParameters.builder()
                .setKemId(HpkeParameters.KemId.DHKEM_P256_HKDF_SHA256)
                .setKdfId(HpkeParameters.KdfId.HKDF_SHA256)
                .setAeadId(HpkeParameters.AeadId.AES_256_GCM)
                .setVariant(HpkeParameters.Variant.NO_PREFIX)
                .build());
    HybridDecrypt decrypt = keys.getPrimitive(RegistryConfiguration.get(), HybridDecrypt.class);
    HybridEncrypt encrypt =
        keys.getPublicKeysetHandle().getPrimitive(RegistryConfiguration.get(), HybridEncrypt.class);
    byte[] context = CheckedClient.CONTEXT.toString().getBytes(StandardCharsets.UTF_8);
    return new Library() {
      @Override
      public byte[] wrap(byte[] dek) throws GeneralSecurityException {
        return encrypt.encrypt(dek, context);
      }

      @Override
      public byte[] unwrap(byte[] wrapped) throws GeneralSecurityException {
        return decrypt.decrypt(wrapped, context);
      }
    };
  }
}
