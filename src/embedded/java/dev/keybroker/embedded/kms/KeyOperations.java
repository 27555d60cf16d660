package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Making KMS keys and looking at them: CreateKey, ReplicateKey, DescribeKey, ListKeys,
/// UpdateKeyDescription, TagResource, UntagResource, ListResourceTags.
final class KeyOperations {

  private final LocalState state;
  private final KeyFinder finder;
  private final KmsAccess access;
  private final Materials materials;
  private final InstantSource clock;

  KeyOperations(
      LocalState state,
      KeyFinder finder,
      KmsAccess access,
      Materials materials,
      InstantSource clock) {
    this.state = state;
    this.finder = finder;
    this.access = access;
    this.materials = materials;
    this.clock = clock;
  }

  void register(Map<String, KmsAction> operations) {
    operations.put("CreateKey", this::create);
    operations.put("ReplicateKey", this::replicate);
    operations.put("DescribeKey", this::describe);
    operations.put("ListKeys", this::list);
    operations.put("UpdateKeyDescription", this::updateDescription);
    operations.put("TagResource", this::tag);
    operations.put("UntagResource", this::untag);
    operations.put("ListResourceTags", this::listTags);
  }

  private ObjectNode create(KmsRequest request) {
    access.checkIdentity(request, "*");
    String account = request.caller().account();
    KeyAttributes attributes = attributes(request);
    boolean multiRegion = request.flag("MultiRegion");
    if (multiRegion && attributes.inCustomKeyStore()) {
      throw KmsErrors.unsupported("Multi-Region keys are not supported in custom key stores.");
    }
    KmsKey key =
        new KmsKey(
            account,
            request.region(),
            multiRegion ? "mrk-" + RandomBytes.hex(16) : UUID.randomUUID().toString(),
            clock.instant(),
            attributes,
            multiRegion ? request.region() : null,
            attributes.imported() ? KeyState.PENDING_IMPORT : KeyState.ENABLED,
            null,
            null,
            request.text("Description", ""),
            policy(request, account),
            null,
            tags(request.body().path("Tags")));
    if (request.has("Policy")) {
      PolicyOperations.checkLockout(request, access, key, key.policy());
    }
    return Json.object().set("KeyMetadata", KeyMetadata.of(state, add(key)));
  }

  /// Adds `key` with fresh material.
  KmsKey add(KmsKey key) {
    return state.change(
        () -> {
          if (!key.attributes().imported()) {
            materials.create(key);
          }
          state.keys.put(key.arn(), key);
          return key;
        });
  }

  private static KeyAttributes attributes(KmsRequest request) {
    String spec = request.text("KeySpec", request.text("CustomerMasterKeySpec", KmsKey.SYMMETRIC));
    String usage = request.text("KeyUsage", "ENCRYPT_DECRYPT");
    KeySpecs.check(spec, usage);
    String store = request.text("CustomKeyStoreId");
    String externalKey = request.text("XksKeyId");
    String origin = request.text("Origin", store == null ? "AWS_KMS" : "AWS_CLOUDHSM");
    boolean custom = origin.equals("AWS_CLOUDHSM") || origin.equals("EXTERNAL_KEY_STORE");
    if (!custom && !origin.equals("AWS_KMS") && !origin.equals("EXTERNAL")) {
      throw KmsErrors.unsupported("The origin " + origin + " is not supported.");
    }
    if (custom != (store != null) || origin.equals("EXTERNAL_KEY_STORE") != (externalKey != null)) {
      throw KmsErrors.validation(
          "Origin, CustomKeyStoreId and XksKeyId do not go together: " + origin);
    }
    if (custom && !spec.equals(KmsKey.SYMMETRIC)) {
      throw KmsErrors.unsupported("Custom key stores hold symmetric encryption keys only.");
    }
    if (origin.equals("EXTERNAL") && !spec.equals(KmsKey.SYMMETRIC)) {
      throw KmsErrors.unsupported("Only symmetric key material can be imported here.");
    }
    return new KeyAttributes(spec, usage, origin, "CUSTOMER", store, externalKey);
  }

  private ResourcePolicy policy(KmsRequest request, String account) {
    String given = request.text("Policy");
    if (given == null) {
      String partition = Arns.partitionOf(request.region());
      return ResourcePolicy.unbound(DefaultPolicies.customerManaged(partition, account));
    }
    return PolicyOperations.checked(state, given);
  }

  private ObjectNode replicate(KmsRequest request) {
    KmsKey primary = finder.findByKey(request, request.required("KeyId"));
    access.checkOwn(request, primary);
    KeyChecks.enabled(primary);
    String region = request.required("ReplicaRegion");
    if (!primary.primary()) {
      throw KmsErrors.unsupported(primary.arn() + " is not a multi-Region primary key.");
    }
    if (!Arns.partitionOf(region).equals(Arns.partitionOf(primary.region()))) {
      throw KmsErrors.validation("ReplicaRegion " + region + " is not of the key's partition.");
    }
    access.checkIdentity(
        new KmsRequest(request.caller(), region, "CreateKey", request.body()), "*");
    KmsKey replica =
        new KmsKey(
            primary.account(),
            region,
            primary.keyId(),
            clock.instant(),
            primary.attributes(),
            primary.region(),
            KeyState.ENABLED,
            null,
            null,
            request.text("Description", ""),
            policy(request, primary.account()),
            null,
            tags(request.body().path("Tags")));
    state.change(
        () -> {
          if (state.keys.putIfAbsent(replica.arn(), replica) != null) {
            throw new AwsException(
                "AlreadyExistsException", "Key " + replica.arn() + " already exists.");
          }
          return replica;
        });
    return Json.object()
        .put("ReplicaPolicy", replica.policy().document())
        .set("ReplicaKeyMetadata", KeyMetadata.of(state, replica));
  }

  private ObjectNode describe(KmsRequest request) {
    KeyFinder.Found found = finder.find(request, request.required("KeyId"));
    access.check(request, found);
    return Json.object().set("KeyMetadata", KeyMetadata.of(state, found.key()));
  }

  private ObjectNode list(KmsRequest request) {
    access.checkIdentity(request, "*");
    return Pages.OF_KEYS.write(
        request,
        "Keys",
        state.keys.values().stream()
            .filter(k -> k.account().equals(request.caller().account()))
            .filter(k -> k.region().equals(request.region()))
            .filter(k -> finder.get(k.arn()) != null)
            .map(k -> Json.object().put("KeyId", k.keyId()).put("KeyArn", k.arn())),
        "KeyId");
  }

  private ObjectNode updateDescription(KmsRequest request) {
    String description = request.required("Description");
    change(request, key -> key.withDescription(description));
    return Json.object();
  }

  private ObjectNode tag(KmsRequest request) {
    Map<String, String> added = tags(request.body().path("Tags"));
    change(
        request,
        key -> {
          Map<String, String> tags = new HashMap<>(key.tags());
          tags.putAll(added);
          return key.withTags(tags);
        });
    return Json.object();
  }

  private ObjectNode untag(KmsRequest request) {
    change(
        request,
        key -> {
          Map<String, String> tags = new HashMap<>(key.tags());
          request.texts("TagKeys").forEach(tags::remove);
          return key.withTags(tags);
        });
    return Json.object();
  }

  private ObjectNode listTags(KmsRequest request) {
    KmsKey key = finder.findByKey(request, request.required("KeyId"));
    access.checkOwn(request, key);
    ObjectNode answer = Json.object().put("Truncated", false);
    ArrayNode tags = answer.putArray("Tags");
    key.tags()
        .forEach((name, value) -> tags.addObject().put("TagKey", name).put("TagValue", value));
    return answer;
  }

  private void change(KmsRequest request, UnaryOperator<KmsKey> change) {
    KmsKey key = finder.findByKey(request, request.required("KeyId"));
    access.checkOwn(request, key);
    KeyChecks.notPendingDeletion(key);
    state.change(() -> state.keys.computeIfPresent(key.arn(), (arn, now) -> change.apply(now)));
  }

  private static Map<String, String> tags(@Nullable JsonNode list) {
    Map<String, String> tags = new HashMap<>();
    if (list != null) {
      list.forEach(tag -> tags.put(tag.path("TagKey").asText(), tag.path("TagValue").asText()));
    }
    return tags;
  }
}
