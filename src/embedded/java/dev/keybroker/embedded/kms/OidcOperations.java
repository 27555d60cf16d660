package dev.keybroker.embedded.kms;

import java.net.URI;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// The OIDC identity providers of IAM: whose tokens an account accepts from web identities.
final class OidcOperations {

  private static final Pattern THUMBPRINT = Pattern.compile("[0-9A-Fa-f]{40}");
  private static final int MAX_LENGTH = 255;
  private static final int MAX_CLIENT_IDS = 100;
  private static final int MAX_THUMBPRINTS = 5;

  private final LocalState state;
  private final InstantSource clock;

  OidcOperations(LocalState state, InstantSource clock) {
    this.state = state;
    this.clock = clock;
  }

  Map<String, QueryOperation> operations() {
    Map<String, QueryOperation> operations = new TreeMap<>();
    operations.put("CreateOpenIDConnectProvider", this::create);
    operations.put("GetOpenIDConnectProvider", this::get);
    operations.put("ListOpenIDConnectProviders", this::list);
    operations.put("DeleteOpenIDConnectProvider", this::delete);
    return operations;
  }

  private Map<String, Object> create(QueryRequest request) {
    String url = host(request.required("Url"));
    List<String> clientIds = request.list("ClientIDList");
    List<String> thumbprints = request.list("ThumbprintList");
    if (clientIds.size() > MAX_CLIENT_IDS
        || clientIds.stream().anyMatch(id -> id.isEmpty() || id.length() > MAX_LENGTH)) {
      throw invalid("ClientIDList");
    }
    if (thumbprints.size() > MAX_THUMBPRINTS
        || !thumbprints.stream().allMatch(print -> THUMBPRINT.matcher(print).matches())) {
      throw invalid("ThumbprintList");
    }
    String arn =
        IamOperations.checked(
            request,
            OidcProvider.arn(Arns.partitionOf(request.region()), request.caller().account(), url));
    OidcProvider provider = new OidcProvider(arn, url, clientIds, thumbprints, clock.instant());
    state.change(
        () -> {
          if (state.oidcProviders.putIfAbsent(arn, provider) != null) {
            throw new AwsException(
                "EntityAlreadyExists",
                409,
                "Provider with url " + OidcProvider.SCHEME + url + " already exists.");
          }
          return provider;
        });
    return Map.of("OpenIDConnectProviderArn", arn);
  }

  private Map<String, Object> get(QueryRequest request) {
    OidcProvider provider = provider(request);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("Url", provider.url());
    json.put("ClientIDList", provider.clientIds());
    json.put("ThumbprintList", provider.thumbprints());
    json.put("CreateDate", provider.created().toString());
    return json;
  }

  private Map<String, Object> list(QueryRequest request) {
    IamOperations.checked(request, "*");
    String account = request.caller().account();
    return Map.of(
        "OpenIDConnectProviderList",
        state.oidcProviders.keySet().stream()
            .filter(arn -> arn.contains("::" + account + ":"))
            .sorted()
            .map(arn -> Map.of("Arn", arn))
            .toList());
  }

  /// Roles that name the provider keep their trust policies, and can no longer be assumed by it.
  private Map<String, Object> delete(QueryRequest request) {
    String arn = provider(request).arn();
    state.change(() -> state.oidcProviders.remove(arn));
    return Map.of();
  }

  private OidcProvider provider(QueryRequest request) {
    String arn = IamOperations.checked(request, request.required("OpenIDConnectProviderArn"));
    OidcProvider provider = state.oidcProviders.get(arn);
    if (provider == null || !arn.contains("::" + request.caller().account() + ":")) {
      throw new AwsException(
          "NoSuchEntity", 404, "OpenIDConnect Provider not found for arn " + arn);
    }
    return provider;
  }

  private static String host(String url) {
    URI uri;
    try {
      uri = URI.create(url);
    } catch (IllegalArgumentException e) {
      throw invalid("Url");
    }
    if (!url.startsWith(OidcProvider.SCHEME)
        || url.length() > MAX_LENGTH
        || uri.getHost() == null
        || uri.getQuery() != null) {
      throw invalid("Url");
    }
    return url.substring(OidcProvider.SCHEME.length());
  }

  private static AwsException invalid(String member) {
    return new AwsException("InvalidInput", "The value of " + member + " is not valid.");
  }
}
