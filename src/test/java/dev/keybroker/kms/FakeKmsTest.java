package dev.keybroker.kms;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.kms.KmsFailure.Kind;
import java.util.UUID;

/// The fake of unit tests behaves as a key management service does.
class FakeKmsTest extends KmsContract {
  private static final String ACCOUNT = "arn:aws:kms:eu-central-1:111122223333:";

  private final FakeKms fake = new FakeKms(CryptoProvider.detect());

  private static KmsKey named(String resource) {
    return new KmsKey(KmsArn.parse(ACCOUNT + resource), null);
  }

  @Override
  protected Kms kms() {
    return fake;
  }

  @Override
  protected KmsKey key() {
    return named("key/" + UUID.randomUUID());
  }

  @Override
  protected KmsKey aliasOf(KmsKey key) {
    KmsKey alias = named("alias/" + UUID.randomUUID());
    fake.alias(alias.arn(), key.arn());
    return alias;
  }

  @Override
  protected KmsKey failing(Kind kind) {
    fake.refuse(kind);
    return key();
  }

  @Override
  protected void recover() {
    fake.admit();
  }

  @Override
  protected Held hold(KmsKey key) {
    int before = fake.decrypts();
    fake.hold("kms:Decrypt");
    return new Held() {
      @Override
      public long waiting() {
        return fake.decrypts() - before;
      }

      @Override
      public void close() {
        fake.release();
      }
    };
  }

  @Override
  protected AssumedRole role() {
    return new AssumedRole("arn:aws:iam::222222222222:role/recordings", "c0ffee00c0ffee00");
  }

  @Override
  protected AssumedRole foreignRole() {
    fake.refuse("sts:AssumeRole", Kind.ACCESS_DENIED);
    return role();
  }

  @Override
  protected long received() {
    return fake.calls();
  }
}
