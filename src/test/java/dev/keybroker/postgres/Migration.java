package dev.keybroker.postgres;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A migration's statements, held against rules 3 and 4 of decision 0004: the version before goes
/// on working on the schema, and nobody waits long for a lock.
///
/// It knows the forms that are safe. All else is a breach, safe or not, and wants a reviewer:
/// whether a check refuses what the older version writes, no pattern can tell.
final class Migration {
  private static final Pattern NEW_TABLE =
      Pattern.compile("create table (?:if not exists )?(\\w+)\\b.*");
  private static final Pattern INDEX =
      Pattern.compile(
          "create (unique )?index (concurrently )?(?:if not exists )?\\w+ on (\\w+)\\b.*");

  /// One column; a comma would begin another action.
  private static final Pattern NEW_COLUMN =
      Pattern.compile("alter table \\w+ add column (?:if not exists )?\\w+ ([^,]+)");

  private static final Pattern COMMENT = Pattern.compile("comment on .*");

  /// An older version calls no function of a newer one; `or replace` would change one it calls.
  private static final Pattern NEW_FUNCTION = Pattern.compile("create function .*");

  private static final Pattern REVOKED_FUNCTION =
      Pattern.compile("revoke all on function .* from public");

  /// A function's body, semicolons included.
  private static final Pattern BODY = Pattern.compile("\\$\\$.*?\\$\\$", Pattern.DOTALL);

  /// What an older version's insert could fail on.
  private static final Pattern CONSTRAINT =
      Pattern.compile("\\b(check|references|unique|primary key)\\b");

  private final List<String> statements;
  private final Set<String> newTables;

  private Migration(List<String> statements) {
    this.statements = statements;
    this.newTables =
        statements.stream()
            .map(NEW_TABLE::matcher)
            .filter(Matcher::matches)
            .map(table -> table.group(1))
            .collect(Collectors.toSet());
  }

  /// @param sql statements that end in semicolons, with comments to the end of a line
  static Migration of(String sql) {
    String bare =
        BODY.matcher(sql.replaceAll("--[^\n]*", " ")).replaceAll("body").toLowerCase(Locale.ROOT);
    return new Migration(
        Arrays.stream(bare.split(";", -1))
            .map(statement -> statement.strip().replaceAll("\\s+", " "))
            .filter(statement -> !statement.isEmpty())
            .toList());
  }

  /// The statements that are not known to be safe, in lower case and with single spaces.
  List<String> breaches() {
    List<String> breaches = new ArrayList<>(statements);
    breaches.removeIf(this::isSafe);
    return breaches;
  }

  private boolean isSafe(String statement) {
    Matcher index = INDEX.matcher(statement);
    if (index.matches()) {
      return newTables.contains(index.group(3))
          || (index.group(1) == null && index.group(2) != null);
    }
    Matcher column = NEW_COLUMN.matcher(statement);
    if (column.matches()) {
      return isSafeColumn(column.group(1));
    }
    return Stream.of(NEW_TABLE, COMMENT, NEW_FUNCTION, REVOKED_FUNCTION)
        .anyMatch(form -> form.matcher(statement).matches());
  }

  private static boolean isSafeColumn(String definition) {
    boolean given = definition.contains(" default ") || !definition.contains("not null");
    return given && !CONSTRAINT.matcher(definition).find();
  }
}
