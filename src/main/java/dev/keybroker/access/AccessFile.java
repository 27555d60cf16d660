package dev.keybroker.access;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.CollectionEndEvent;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.DocumentStartEvent;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/// The access file, version 1: YAML, of which JSON is a subset (`src/docs/access.md`). The parser
/// is strict and refuses what it does not know, because a misread grant allows too much or too
/// little.
public final class AccessFile {
  /// The maximum size of a ConfigMap.
  public static final int MAX_BYTES = 1 << 20;

  /// Callers times resources, summed over the grants.
  static final int MAX_PAIRS = 200_000;

  /// Each call of a SPIFFE caller checks all of them.
  static final int MAX_PREFIXES = 100;

  /// An access file has four levels: the root, its grants, a grant, a list of the grant.
  private static final int MAX_DEPTH = 4;

  private static final int MAX_QUOTED = 100;

  private static final Map<String, Permission> PERMISSIONS =
      Arrays.stream(Permission.values()).collect(Collectors.toMap(Permission::id, it -> it));

  private AccessFile() {}

  /// Returns the policy in the file.
  public static AccessPolicy parse(byte[] content) throws AccessFileException {
    return grants(content);
  }

  static Grants grants(byte[] content) throws AccessFileException {
    try {
      return grants(root(text(content)));
    } catch (MarkedYAMLException e) {
      throw at(e.getProblemMark(), "", "not YAML: " + quoted(String.valueOf(e.getProblem())));
    } catch (YAMLException e) {
      throw new AccessFileException("not YAML: a character or a size that YAML does not allow");
    }
  }

  private static String text(byte[] content) throws AccessFileException {
    if (content.length > MAX_BYTES) {
      throw new AccessFileException("larger than " + MAX_BYTES + " bytes");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
    } catch (CharacterCodingException e) {
      throw new AccessFileException("not UTF-8");
    }
  }

  /// Returns the tree of the only document, without the dangerous features of YAML.
  private static Node root(String text) throws AccessFileException {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(MAX_BYTES);
    options.setNestingDepthLimit(MAX_DEPTH);
    options.setMaxAliasesForCollections(0);
    Parser events = parser(text, options);
    int depth = 0;
    int documents = 0;
    while (events.peekEvent() != null) {
      switch (events.getEvent()) {
        case AliasEvent alias -> throw at(alias.getStartMark(), "", "aliases are not allowed");
        case DocumentStartEvent document -> {
          if (++documents > 1) {
            throw at(document.getStartMark(), "", "a second document");
          }
        }
        case CollectionStartEvent start -> {
          refuseDecoration(start, start.getTag());
          if (++depth > MAX_DEPTH) {
            throw at(start.getStartMark(), "", "nested too deeply for an access file");
          }
        }
        case CollectionEndEvent end -> depth--;
        case ScalarEvent scalar -> refuseDecoration(scalar, scalar.getTag());
        default -> {}
      }
    }
    Node root = new Composer(parser(text, options), new Resolver(), options).getSingleNode();
    if (root == null) {
      throw new AccessFileException("empty");
    }
    return root;
  }

  private static Parser parser(String text, LoaderOptions options) {
    return new ParserImpl(new StreamReader(text), options);
  }

  private static void refuseDecoration(NodeEvent event, @Nullable String tag)
      throws AccessFileException {
    if (event.getAnchor() != null) {
      throw at(event.getStartMark(), "", "anchors are not allowed");
    }
    if (tag != null) {
      throw at(event.getStartMark(), "", "tags are not allowed");
    }
  }

  private static Grants grants(Node root) throws AccessFileException {
    Map<String, Node> fields = fields(root, "", Set.of("version", "grants"));
    Node version = fields.get("version");
    if (version == null || !scalar(version, "version").equals("1")) {
      throw at((version == null ? root : version).getStartMark(), "version", "must be 1");
    }
    Grants.Builder grants = new Grants.Builder();
    int pairs = 0;
    List<Node> all = items(required(fields, "grants", root, ""), "grants");
    for (int i = 0; i < all.size(); i++) {
      pairs += grant(all.get(i), "grants[" + i + "]", grants, MAX_PAIRS - pairs);
    }
    return grants.build();
  }

  /// Adds a grant, and returns its number of pairs of caller and resource.
  private static int grant(Node node, String path, Grants.Builder grants, int pairsLeft)
      throws AccessFileException {
    Map<String, Node> fields = fields(node, path, Set.of("callers", "permissions", "on"));
    List<CallerPattern> callers = each(fields, "callers", node, path, CallerPattern::parse);
    List<Permission> permissions = each(fields, "permissions", node, path, AccessFile::permission);
    List<Scope> scopes = each(fields, "on", node, path, Scope::parse);
    long pairs = (long) callers.size() * scopes.size();
    if (pairs > pairsLeft) {
      throw at(
          node.getStartMark(),
          path,
          "callers times resources are more than " + MAX_PAIRS + " in all");
    }
    Set<Permission> granted = EnumSet.copyOf(permissions);
    for (CallerPattern caller : callers) {
      for (Scope scope : scopes) {
        grants.grant(caller, granted, scope);
      }
    }
    if (grants.prefixes() > MAX_PREFIXES) {
      throw at(node.getStartMark(), path, "more than " + MAX_PREFIXES + " callers that end in /*");
    }
    return (int) pairs;
  }

  private static Permission permission(String text) {
    Permission permission = PERMISSIONS.get(text);
    if (permission == null) {
      throw new IllegalArgumentException(
          "must be one of "
              + Arrays.stream(Permission.values())
                  .map(Permission::id)
                  .collect(Collectors.joining(", ")));
    }
    return permission;
  }

  /// Returns the values of a required list, which must not be empty or have duplicates.
  private static <T> List<T> each(
      Map<String, Node> fields,
      String name,
      Node parent,
      String parentPath,
      Function<String, T> parse)
      throws AccessFileException {
    Node list = required(fields, name, parent, parentPath);
    String path = parentPath + "." + name;
    List<Node> nodes = items(list, path);
    if (nodes.isEmpty()) {
      throw at(list.getStartMark(), path, "must not be empty");
    }
    Map<T, Integer> values = new HashMap<>();
    List<T> inOrder = new ArrayList<>();
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      String item = path + "[" + i + "]";
      String text = scalar(node, item);
      T value;
      try {
        value = parse.apply(text);
      } catch (IllegalArgumentException e) {
        throw at(node.getStartMark(), item, quoted(text) + " " + e.getMessage());
      }
      if (values.putIfAbsent(value, i) != null) {
        throw at(node.getStartMark(), item, quoted(text) + " is repeated");
      }
      inOrder.add(value);
    }
    return inOrder;
  }

  private static Node required(
      Map<String, Node> fields, String name, Node parent, String parentPath)
      throws AccessFileException {
    Node node = fields.get(name);
    if (node == null) {
      throw at(parent.getStartMark(), parentPath, name + " is missing");
    }
    return node;
  }

  private static Map<String, Node> fields(Node node, String path, Set<String> known)
      throws AccessFileException {
    if (!(node instanceof MappingNode mapping)) {
      throw at(node.getStartMark(), path, "must be a mapping");
    }
    Map<String, Node> fields = new HashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      Node key = tuple.getKeyNode();
      String name = scalar(key, path);
      if (!known.contains(name)) {
        throw at(key.getStartMark(), path, "unknown key " + quoted(name));
      }
      if (fields.put(name, tuple.getValueNode()) != null) {
        throw at(key.getStartMark(), path, "the key " + quoted(name) + " is repeated");
      }
    }
    return fields;
  }

  private static List<Node> items(Node node, String path) throws AccessFileException {
    if (node instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    throw at(node.getStartMark(), path, "must be a list");
  }

  private static String scalar(Node node, String path) throws AccessFileException {
    if (node instanceof ScalarNode scalar) {
      return scalar.getValue();
    }
    throw at(node.getStartMark(), path, "must be a text");
  }

  private static AccessFileException at(@Nullable Mark mark, String path, String problem) {
    String line = mark == null ? "" : "line " + (mark.getLine() + 1);
    String where = path.isEmpty() || line.isEmpty() ? line + path : line + ", " + path;
    return new AccessFileException(where.isEmpty() ? problem : where + ": " + problem);
  }

  /// Quotes text of the file for a message: short, and on one line.
  private static String quoted(String text) {
    String part = text.length() > MAX_QUOTED ? text.substring(0, MAX_QUOTED) + "…" : text;
    return '"' + part.replaceAll("\\p{Cntrl}", "?") + '"';
  }
}
