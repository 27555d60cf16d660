package dev.keybroker.console;

import com.google.protobuf.Duration;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.BrokerManagedKey;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.OnKmsOutage;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotationPeriod;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import java.util.regex.Pattern;

/// The form of a new or changed keystore, as the browser sent it.
public class KeystoreForm {
  private static final Pattern SECONDS = Pattern.compile("[0-9]{1,4}");

  @FormParam("id")
  @DefaultValue("")
  public String id = "";

  @FormParam("display_name")
  @DefaultValue("")
  public String displayName = "";

  /// How the broker gets access to the key: `policy`, `role`, `grant`, `create-grant` (a grant that
  /// it creates as the role) or `managed`.
  @FormParam("way")
  @DefaultValue("policy")
  public String way = "policy";

  @FormParam("key_arn")
  @DefaultValue("")
  public String keyArn = "";

  @FormParam("role_arn")
  @DefaultValue("")
  public String roleArn = "";

  @FormParam("grant_id")
  @DefaultValue("")
  public String grantId = "";

  @FormParam("grant_token")
  @DefaultValue("")
  public String grantToken = "";

  @FormParam("custom_key_store")
  @DefaultValue("false")
  public boolean customKeyStore;

  @FormParam("key_pair_spec")
  @DefaultValue("RSA_3072")
  public String spec = "RSA_3072";

  @FormParam("rotation_period")
  @DefaultValue("NEVER")
  public String period = "NEVER";

  @FormParam("private_kek_lifetime")
  @DefaultValue("60")
  public String lifetime = "60";

  @FormParam("on_kms_outage")
  @DefaultValue("WRAP_WITH_LAST_KNOWN_KEK")
  public String onOutage = "WRAP_WITH_LAST_KNOWN_KEK";

  /// Whether to move the old KEKs to the key, too.
  @FormParam("re_encrypt_keks")
  @DefaultValue("false")
  public boolean reEncryptKeks;

  @FormParam("etag")
  @DefaultValue("")
  public String etag = "";

  /// `documents`, `test` or `save`.
  @FormParam("action")
  @DefaultValue("documents")
  public String action = "documents";

  static KeystoreForm of(KeystoreView keystore, Keystore saved) {
    KeystoreForm form = new KeystoreForm();
    form.id = keystore.id();
    form.displayName = keystore.displayName();
    form.way = keystore.way();
    form.keyArn = keystore.rootKey();
    form.roleArn = keystore.role();
    form.grantId = saved.getRootKey().getAwsKms().getGrantId();
    form.spec = keystore.spec();
    form.period = keystore.period();
    form.lifetime = String.valueOf(keystore.lifetimeSeconds());
    form.onOutage = keystore.failClosed() ? "FAIL_CLOSED" : "WRAP_WITH_LAST_KNOWN_KEK";
    form.etag = keystore.etag();
    return form;
  }

  /// The key, as far as it is entered.
  AwsKmsKey key() {
    AwsKmsKey.Builder key = AwsKmsKey.newBuilder().setKeyArn(keyArn.strip());
    if (way.equals("role")) {
      key.setRoleArn(roleArn.strip());
    } else if (way.equals("grant")) {
      key.setRoleArn(roleArn.strip()).setGrantId(grantId.strip()).setGrantToken(grantToken.strip());
    } else if (way.equals("create-grant")) {
      key.setRoleArn(roleArn.strip()).setCreateGrant(true);
    }
    return key.build();
  }

  /// The key and the principal that the documents admit. With a grant, that is the broker's own.
  AwsKmsKey keyToAdmit() {
    AwsKmsKey.Builder key = AwsKmsKey.newBuilder().setKeyArn(keyArn.strip());
    return way.equals("role") ? key.setRoleArn(roleArn.strip()).build() : key.build();
  }

  /// Fails with [RefusedCall] if a field cannot be a value of the contract.
  Keystore keystore(String name) {
    if (!SECONDS.matcher(lifetime.strip()).matches()) {
      throw RefusedCall.invalid("`private_kek_lifetime` must be a number of seconds, 0 to 900.");
    }
    RootKey.Builder rootKey = RootKey.newBuilder();
    return Keystore.newBuilder()
        .setName(name)
        .setEtag(etag)
        .setDisplayName(displayName)
        .setRootKey(
            way.equals("managed")
                ? rootKey.setBrokerManaged(BrokerManagedKey.getDefaultInstance())
                : rootKey.setAwsKms(key()))
        .setKeyPairSpec(Choice.of(KeyPairSpec.class, "KEY_PAIR_SPEC_", spec))
        .setRotationPeriod(Choice.of(RotationPeriod.class, "ROTATION_PERIOD_", period))
        .setPrivateKekLifetime(Duration.newBuilder().setSeconds(Long.parseLong(lifetime.strip())))
        .setOnKmsOutage(Choice.of(OnKmsOutage.class, "ON_KMS_OUTAGE_", onOutage))
        .build();
  }
}
