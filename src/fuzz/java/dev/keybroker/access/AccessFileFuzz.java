package dev.keybroker.access;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keybroker.fuzz.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;

/// An access file that is taken grants exactly what an independent reading of the same YAML says,
/// to the callers that it names and to their neighbours; any other file is an
/// [AccessFileException], whose message is one line.
public final class AccessFileFuzz {
  /// As many of each as are asked about; more would only slow the search.
  private static final int PROBES = 4;

  /// Takes each scalar for text; by itself, YAML 1.1 takes the key `on` for a truth value.
  private static final class AllText extends Resolver {
    @Override
    protected void addImplicitResolvers() {}
  }

  private AccessFileFuzz() {}

  public static void fuzzerInitialize() {
    Seeds.add(
        """
        version: 1
        grants:
          - callers: [spiffe://example.org/media/recorder, 'dns:recorder.example.org']
            permissions: [dek.wrap, kek.public]
            on: [tenants/acme/keystores/calls, tenants/globex]
          - callers: ["spiffe://example.org/admin/*", jwt:system:serviceaccount:ops]
            permissions: [keystore.view, keystore.edit, audit.view]
            on:
              - tenants/*
        """,
        """
        {"version": "1", "grants": [{"callers": ["jwt:a"], "permissions": ["dek.unwrap"],
         "on": ["tenants/acme"]}]}\
        """,
        "version: 1\ngrants: []\n",
        "version: 1\ngrants: &a [*a, !!str b, <<: {c: d}]\n---\n",
        "version: 1\n"
            + "grants:\n"
            + "- callers: ['spiffe://a/..']\n"
            + "  permissions: [dek.rewrap]\n"
            + "  on: [x]\n");
  }

  public static void fuzzerTestOneInput(byte[] input) {
    AccessPolicy policy;
    try {
      policy = AccessFile.parse(input);
    } catch (AccessFileException e) {
      String message = String.valueOf(e.getMessage());
      holds(message.chars().noneMatch(Character::isISOControl), "a message of several lines");
      return;
    }
    List<Map<?, ?>> grants = new ArrayList<>();
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    DumperOptions unused = new DumperOptions();
    Yaml yaml =
        new Yaml(
            new SafeConstructor(options), new Representer(unused), unused, options, new AllText());
    Object file = yaml.load(new String(input, UTF_8));
    holds(file instanceof Map<?, ?> root && root.size() == 2, "took what is no access file");
    for (Object grant : (List<?>) ((Map<?, ?>) file).get("grants")) {
      grants.add((Map<?, ?>) grant);
    }
    for (Caller caller : callers(grants)) {
      for (Target target : targets(grants)) {
        for (Permission permission : Permission.values()) {
          boolean expected = granted(grants, caller, permission.id(), target);
          holds(policy.allows(caller, permission, target) == expected, "another grant");
        }
      }
    }
    for (Permission permission : Permission.values()) {
      holds(
          !policy.allows(Caller.ANONYMOUS, permission, new Target("acme", "calls")),
          "grants without an identity");
    }
  }

  private static boolean granted(
      List<Map<?, ?>> grants, Caller caller, String permission, Target target) {
    for (Map<?, ?> grant : grants) {
      if (texts(grant, "permissions").contains(permission)
          && texts(grant, "callers").stream().anyMatch(text -> names(text, caller))
          && texts(grant, "on").stream().anyMatch(text -> covers(text, target))) {
        return true;
      }
    }
    return false;
  }

  private static boolean names(String text, Caller caller) {
    String identity =
        switch (caller.kind()) {
          case SPIFFE -> caller.subject();
          case DNS -> "dns:" + caller.subject();
          case JWT -> "jwt:" + caller.subject();
          case ANONYMOUS -> null;
        };
    return identity != null
        && (identity.equals(text)
            || (text.startsWith("spiffe:")
                && text.endsWith("/*")
                && identity.startsWith(text.substring(0, text.length() - 1))));
  }

  private static boolean covers(String text, Target target) {
    String tenant = "tenants/" + target.tenant();
    return text.equals("tenants/*")
        || text.equals(tenant)
        || (target.keystore() != null && text.equals(tenant + "/keystores/" + target.keystore()));
  }

  private static List<Caller> callers(List<Map<?, ?>> grants) {
    List<Caller> callers = new ArrayList<>();
    callers.add(new Caller(Caller.Kind.JWT, "stranger"));
    for (String text : some(grants, "callers")) {
      if (text.startsWith("dns:")) {
        callers.add(new Caller(Caller.Kind.DNS, text.substring(4)));
        callers.add(new Caller(Caller.Kind.JWT, text.substring(4)));
      } else if (text.startsWith("jwt:")) {
        callers.add(new Caller(Caller.Kind.JWT, text.substring(4)));
        callers.add(new Caller(Caller.Kind.DNS, text.substring(4)));
      } else {
        String id = text.endsWith("/*") ? text.substring(0, text.length() - 2) : text;
        for (String neighbour : List.of("", "/", "/x", "/x/y", "x", "/*")) {
          callers.add(new Caller(Caller.Kind.SPIFFE, id + neighbour));
        }
        callers.add(new Caller(Caller.Kind.JWT, id));
      }
    }
    return callers;
  }

  private static List<Target> targets(List<Map<?, ?>> grants) {
    List<Target> targets = new ArrayList<>(List.of(new Target("acme", "calls")));
    for (String text : some(grants, "on")) {
      String[] parts = text.split("/", -1);
      String keystore = parts.length > 3 ? parts[3] : "calls";
      targets.add(new Target(parts[1], null));
      targets.add(new Target(parts[1], keystore));
      targets.add(new Target(parts[1] + "x", keystore));
      targets.add(new Target(parts[1], keystore + "x"));
    }
    return targets;
  }

  private static List<String> some(List<Map<?, ?>> grants, String field) {
    return grants.stream().flatMap(g -> texts(g, field).stream()).limit(PROBES).toList();
  }

  private static List<String> texts(Map<?, ?> grant, String field) {
    return ((List<?>) grant.get(field)).stream().map(String::valueOf).toList();
  }
}
