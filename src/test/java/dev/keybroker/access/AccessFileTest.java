package dev.keybroker.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccessFileTest {
  private static final Target CALLS = new Target("acme", "calls");
  private static final Target CHATS = new Target("acme", "chats");
  private static final Target ACME = new Target("acme", null);
  private static final Target GLOBEX = new Target("globex", null);
  private static final Target GLOBEX_CALLS = new Target("globex", "calls");

  private static AccessPolicy parse(String text) throws AccessFileException {
    return AccessFile.parse(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String refusal(String text) {
    return assertThrows(AccessFileException.class, () -> parse(text)).getMessage();
  }

  /// A file of one grant.
  private static String grant(String callers, String permissions, String on) {
    return """
    version: 1
    grants:
      - callers: %s
        permissions: %s
        on: %s
    """
        .formatted(callers, permissions, on);
  }

  private static Caller spiffe(String id) {
    return new Caller(Caller.Kind.SPIFFE, id);
  }

  private static Set<Target> allowed(AccessPolicy policy, Caller caller, Permission permission) {
    return Stream.of(ACME, CALLS, CHATS, GLOBEX, GLOBEX_CALLS)
        .filter(target -> policy.allows(caller, permission, target))
        .collect(Collectors.toSet());
  }

  @Test
  void grantOnAllTenants_holdsEverywhere() throws AccessFileException {
    AccessPolicy policy = parse(grant("['dns:a.example']", "[dek.wrap]", "['tenants/*']"));

    Caller caller = new Caller(Caller.Kind.DNS, "a.example");
    assertEquals(
        Set.of(ACME, CALLS, CHATS, GLOBEX, GLOBEX_CALLS),
        allowed(policy, caller, Permission.DEK_WRAP));
  }

  @Test
  void grantOnATenant_holdsOnItAndItsKeystores() throws AccessFileException {
    AccessPolicy policy = parse(grant("['jwt:system:a']", "[dek.wrap]", "[tenants/acme]"));

    Caller caller = new Caller(Caller.Kind.JWT, "system:a");
    assertEquals(Set.of(ACME, CALLS, CHATS), allowed(policy, caller, Permission.DEK_WRAP));
  }

  @Test
  void reach_isOfTheTenantsThatGrantsName() throws AccessFileException {
    AccessPolicy policy =
        parse(
            """
            version: 1
            grants:
              - {callers: ['spiffe://e.org/a'], permissions: [keystore.view], on: [tenants/acme]}
              - {callers: ['spiffe://e.org/*'], permissions: [keystore.view], on: [tenants/globex]}
              - callers: ['spiffe://e.org/a']
                permissions: [keystore.view]
                on: [tenants/initech/keystores/calls]
              - {callers: ['spiffe://e.org/a'], permissions: [audit.view], on: [tenants/other]}
              - {callers: ['dns:all.example'], permissions: [keystore.view], on: ['tenants/*']}
            """);

    assertEquals(
        new Reach(false, Set.of("acme", "globex")),
        policy.reach(spiffe("spiffe://e.org/a"), Permission.KEYSTORE_VIEW));
    assertEquals(
        new Reach(false, Set.of("globex")),
        policy.reach(spiffe("spiffe://e.org/b"), Permission.KEYSTORE_VIEW));
    assertEquals(Reach.NOWHERE, policy.reach(spiffe("spiffe://e.org/a"), Permission.KEYSTORE_EDIT));
    assertEquals(
        Reach.EVERYWHERE,
        policy.reach(new Caller(Caller.Kind.DNS, "all.example"), Permission.KEYSTORE_VIEW));
    assertEquals(Reach.NOWHERE, policy.reach(Caller.ANONYMOUS, Permission.KEYSTORE_VIEW));
  }

  @Test
  void grantOnAKeystore_holdsThereAlone() throws AccessFileException {
    AccessPolicy policy =
        parse(grant("['spiffe://example.org/a']", "[dek.wrap]", "[tenants/acme/keystores/calls]"));

    assertEquals(
        Set.of(CALLS), allowed(policy, spiffe("spiffe://example.org/a"), Permission.DEK_WRAP));
  }

  @ParameterizedTest
  @EnumSource
  void permission_impliesNoOther(Permission granted) throws AccessFileException {
    AccessPolicy policy =
        parse(grant("['dns:a.example']", "[" + granted.id() + "]", "['tenants/*']"));

    Caller caller = new Caller(Caller.Kind.DNS, "a.example");
    for (Permission permission : Permission.values()) {
      assertEquals(permission == granted, policy.allows(caller, permission, CALLS));
    }
  }

  @Test
  void grantsOfOneCaller_addUp() throws AccessFileException {
    AccessPolicy policy =
        parse(
            """
            version: 1
            grants:
              - {callers: ['dns:a.example'], permissions: [dek.wrap], on: [tenants/acme]}
              - {callers: ['dns:a.example'], permissions: [dek.unwrap], on: [tenants/acme]}
              - {callers: ['dns:a.example'], permissions: [dek.wrap], on: [tenants/globex]}
            """);

    Caller caller = new Caller(Caller.Kind.DNS, "a.example");
    assertTrue(policy.allows(caller, Permission.DEK_WRAP, CALLS));
    assertTrue(policy.allows(caller, Permission.DEK_UNWRAP, CALLS));
    assertTrue(policy.allows(caller, Permission.DEK_WRAP, GLOBEX_CALLS));
    assertFalse(policy.allows(caller, Permission.DEK_UNWRAP, GLOBEX_CALLS));
  }

  @Test
  void callerOfAnotherKindOrSpelling_hasNothing() throws AccessFileException {
    AccessPolicy policy = parse(grant("['dns:a.example']", "[dek.wrap]", "['tenants/*']"));

    for (Caller other :
        new Caller[] {
          new Caller(Caller.Kind.JWT, "a.example"),
          new Caller(Caller.Kind.SPIFFE, "a.example"),
          new Caller(Caller.Kind.ANONYMOUS, "a.example"),
          new Caller(Caller.Kind.DNS, "A.example"),
          new Caller(Caller.Kind.DNS, "a.example."),
          new Caller(Caller.Kind.DNS, "b.a.example"),
          Caller.ANONYMOUS
        }) {
      assertFalse(policy.allows(other, Permission.DEK_WRAP, CALLS), other::toString);
    }
  }

  @Test
  void pathOfSpiffeIds_holdsForWhatIsBelowItAlone() throws AccessFileException {
    AccessPolicy policy =
        parse(grant("['spiffe://example.org/ns/media/*']", "[dek.wrap]", "['tenants/*']"));

    assertTrue(
        policy.allows(spiffe("spiffe://example.org/ns/media/sa/x"), Permission.DEK_WRAP, CALLS));
    for (String other :
        new String[] {
          "spiffe://example.org/ns/media",
          "spiffe://example.org/ns/mediator",
          "spiffe://example.org/ns",
          "spiffe://example.com/ns/media/sa/x",
          "spiffe://x/spiffe://example.org/ns/media/sa/x"
        }) {
      assertFalse(policy.allows(spiffe(other), Permission.DEK_WRAP, CALLS), other);
    }
    assertFalse(
        policy.allows(
            new Caller(Caller.Kind.JWT, "spiffe://example.org/ns/media/sa/x"),
            Permission.DEK_WRAP,
            CALLS));
  }

  @Test
  void noGrants_denyEverything() throws AccessFileException {
    AccessPolicy policy = parse("version: 1\ngrants: []\n");

    assertEquals(Set.of(), allowed(policy, spiffe("spiffe://example.org/a"), Permission.DEK_WRAP));
  }

  @Test
  void json_isRead() throws AccessFileException {
    AccessPolicy policy =
        parse(
            """
            {"version": 1, "grants": [{"callers": ["dns:a.example"],
             "permissions": ["dek.wrap", "kek.public"], "on": ["tenants/acme"]}]}
            """);

    Caller caller = new Caller(Caller.Kind.DNS, "a.example");
    assertTrue(policy.allows(caller, Permission.KEK_PUBLIC, CALLS));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spiffe://example.org/a",
        "spiffe://example.org/ns/media/*",
        "spiffe://example.org/*",
        "spiffe://example.org/a.b/..c/_",
        "dns:a",
        "dns:export-1.example.org",
        "dns:_export.example.org",
        "jwt:system:serviceaccount:media:recorder",
        "jwt:4fd5b0a1-39"
      })
  void callerOfEachForm_isRead(String caller) throws AccessFileException {
    parse(grant("['" + caller + "']", "[dek.wrap]", "['tenants/*']"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "anonymous",
        "spiffe://*",
        "spiffe://example.org/",
        "spiffe://example.org/a/",
        "spiffe://example.org//a",
        "spiffe://example.org/a/../b",
        "spiffe://example.org/a/./b",
        "spiffe://example.org/..",
        "spiffe://example.org/a*",
        "spiffe://example.org/*/a",
        "spiffe://example.org/a/**",
        "spiffe://Example.org/a",
        "spiffe://example.org:8443/a",
        "spiffe://example.org/a%2fb",
        "SPIFFE://example.org/a",
        "dns:",
        "dns:*.example.org",
        "dns:Example.org",
        "dns:-a.example",
        "dns:a..example",
        "dns:a.example.",
        "jwt:",
        "jwt:*",
        "jwt:a b",
        "jwt:system:serviceaccount:media:*",
        " dns:a.example",
        "email:a@example.org"
      })
  void callerOfNoForm_isRefused(String caller) {
    String message = refusal(grant("['" + caller + "']", "[dek.wrap]", "['tenants/*']"));

    assertTrue(message.startsWith("line 3, grants[0].callers[0]: "), message);
    assertTrue(message.contains("must be spiffe://"), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*",
        "tenants",
        "tenants/",
        "tenants/Acme",
        "tenants/a*",
        "tenants/-a",
        "tenants/acme/",
        "tenants/acme/keystores/",
        "tenants/acme/keystores/*",
        "tenants/*/keystores/calls",
        "tenants/acme/keystores/calls/keks/1",
        "tenants/acme/calls",
        "/tenants/acme"
      })
  void resourceOfNoForm_isRefused(String resource) {
    String message = refusal(grant("['dns:a']", "[dek.wrap]", "['" + resource + "']"));

    assertTrue(message.startsWith("line 5, grants[0].on[0]: "), message);
    assertTrue(message.contains("must be tenants/*"), message);
  }

  static Stream<Arguments> broken() {
    String good = grant("['dns:a']", "[dek.wrap]", "['tenants/*']");
    return Stream.of(
        Arguments.of("", "empty"),
        Arguments.of("# nothing\n", "empty"),
        Arguments.of("[]", "line 1: must be a mapping"),
        Arguments.of("text", "line 1: must be a mapping"),
        Arguments.of("grants: []", "line 1, version: must be 1"),
        Arguments.of("version: 2\ngrants: []", "line 1, version: must be 1"),
        Arguments.of("version: [1]\ngrants: []", "line 1, version: must be a text"),
        Arguments.of("version: 1", "line 1: grants is missing"),
        Arguments.of("version: 1\ngrants:", "line 2, grants: must be a list"),
        Arguments.of("version: 1\ngrants: {}", "line 2, grants: must be a list"),
        Arguments.of("version: 1\ngrants: [x]", "line 2, grants[0]: must be a mapping"),
        Arguments.of(
            "version: 1\nversion: 1\ngrants: []", "line 2: the key \"version\" is repeated"),
        Arguments.of("version: 1\ngrants: []\nroles: []", "line 3: unknown key \"roles\""),
        Arguments.of("version: 1\ngrants: []\n? [a]\n: b\n", "line 3: must be a text"),
        Arguments.of(good.replace("    on:", "    of:"), "line 5, grants[0]: unknown key \"of\""),
        Arguments.of(
            good + "    on: [tenants/a]\n", "line 6, grants[0]: the key \"on\" is repeated"),
        Arguments.of(
            "version: 1\ngrants:\n  - permissions: [dek.wrap]\n    on: ['tenants/*']\n",
            "line 3, grants[0]: callers is missing"),
        Arguments.of(
            good.replace("[dek.wrap]", "[]"), "line 4, grants[0].permissions: must not be empty"),
        Arguments.of(
            good.replace("[dek.wrap]", "dek.wrap"),
            "line 4, grants[0].permissions: must be a list"),
        Arguments.of(
            good.replace("[dek.wrap]", "[dek.wrap, dek.warp]"),
            "line 4, grants[0].permissions[1]: \"dek.warp\" must be one of dek.wrap, dek.unwrap,"
                + " dek.rewrap, dek.export, kek.public, keystore.view, keystore.edit, audit.view"),
        Arguments.of(
            good.replace("[dek.wrap]", "[DEK_WRAP]"),
            "line 4, grants[0].permissions[0]: \"DEK_WRAP\" must be one of dek.wrap, dek.unwrap,"
                + " dek.rewrap, dek.export, kek.public, keystore.view, keystore.edit, audit.view"),
        Arguments.of(
            good.replace("[dek.wrap]", "[dek.wrap, dek.wrap]"),
            "line 4, grants[0].permissions[1]: \"dek.wrap\" is repeated"),
        Arguments.of(good.replace("['dns:a']", "&x ['dns:a']"), "line 3: anchors are not allowed"),
        Arguments.of(good.replace("['dns:a']", "*x"), "line 3: aliases are not allowed"),
        Arguments.of(good.replace("['dns:a']", "!!set {a}"), "line 3: tags are not allowed"),
        Arguments.of("!!javax.script.ScriptEngineManager [x]", "line 1: tags are not allowed"),
        Arguments.of(
            good.replace("- callers: ['dns:a']", "- <<: {a: b}\n    callers: ['dns:a']"),
            "line 3, grants[0]: unknown key \"<<\""),
        Arguments.of(good + "---\n" + good, "line 6: a second document"),
        Arguments.of(
            good.replace("['dns:a']", "[[['dns:a']]]"),
            "line 3: nested too deeply for an access file"),
        Arguments.of("[".repeat(100_000), "line 1: nested too deeply for an access file"),
        Arguments.of(
            "version: 1\ngrants: [",
            "line 2: not YAML: \"expected the node content, but found" + " '<stream end>'\""),
        Arguments.of(
            "version: 1\n\u0007", "not YAML: a character or a size that YAML does not allow"));
  }

  @ParameterizedTest
  @MethodSource("broken")
  void brokenFile_isRefusedWithLineAndField(String text, String message) {
    assertEquals(message, refusal(text));
  }

  @Test
  void billionLaughs_isRefusedAtTheFirstAnchor() {
    assertEquals(
        "line 1: anchors are not allowed",
        refusal("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nversion: 1\n"));
  }

  @Test
  void bytesThatAreNotUtf8_areRefused() {
    byte[] bytes = {'a', (byte) 0xC3, '('};

    assertEquals(
        "not UTF-8",
        assertThrows(AccessFileException.class, () -> AccessFile.parse(bytes)).getMessage());
  }

  @Test
  void largeFile_isRefusedUnread() {
    byte[] bytes = new byte[AccessFile.MAX_BYTES + 1];

    assertEquals(
        "larger than 1048576 bytes",
        assertThrows(AccessFileException.class, () -> AccessFile.parse(bytes)).getMessage());
  }

  @Test
  void callersTimesResources_areBounded() throws AccessFileException {
    String callers =
        IntStream.range(0, 500).mapToObj(i -> "'dns:a" + i + "'").collect(Collectors.joining(","));
    String tenants =
        IntStream.range(0, 400).mapToObj(i -> "tenants/t" + i).collect(Collectors.joining(","));
    String full = grant("[" + callers + "]", "[dek.wrap]", "[" + tenants + "]");

    parse(full);
    assertEquals(
        "line 6, grants[1]: callers times resources are more than 200000 in all",
        refusal(full + "  - {callers: ['dns:b'], permissions: [dek.wrap], on: [tenants/t]}\n"));
  }

  @Test
  void pathsOfSpiffeIds_areBounded() throws AccessFileException {
    String paths =
        IntStream.range(0, 100)
            .mapToObj(i -> "'spiffe://a/" + i + "/*'")
            .collect(Collectors.joining(","));
    String full = grant("[" + paths + "]", "[dek.wrap]", "[tenants/a]");

    parse(full);
    assertEquals(
        "line 3, grants[0]: more than 100 callers that end in /*",
        refusal(
            full.replace("100 callers", "")
                .replace("'spiffe://a/0/*'", "'spiffe://a/0/*','spiffe://b/*'")));
  }

  @Test
  void message_quotesShortlyAndOnOneLine() {
    String message = refusal(grant("[\"dns:\\n" + "x".repeat(5_000) + "\"]", "[a]", "[b]"));

    assertFalse(message.contains("\n"));
    assertTrue(message.length() < 400, message);
  }

  @Test
  void examples_ofTheDocument_areGood() throws Exception {
    Matcher blocks =
        Pattern.compile("```(?:yaml|json)\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("src/docs/access.md")));
    EnumSet<Permission> granted = EnumSet.noneOf(Permission.class);
    int files = 0;
    while (blocks.find()) {
      if (blocks.group(1).contains("grants")) {
        files++;
        parse(blocks.group(1));
        for (Permission permission : Permission.values()) {
          if (blocks.group(1).contains(permission.id())) {
            granted.add(permission);
          }
        }
      }
    }
    assertTrue(files > 0);
    assertEquals(EnumSet.allOf(Permission.class), granted);
  }
}
