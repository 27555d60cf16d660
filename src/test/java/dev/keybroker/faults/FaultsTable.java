package dev.keybroker.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A table of `src/docs/faults.md` that a run fills in. It is printed; `-Dupdate-docs` writes it.
public final class FaultsTable {
  private static final Path DOCUMENT = Path.of("src/docs/faults.md");

  private final String name;
  private final StringBuilder table;

  /// @param name as in the marks around it: `<!-- begin name -->`, `<!-- end name -->`
  public FaultsTable(String name, String header) {
    this.name = name;
    this.table = new StringBuilder(header);
  }

  public void add(String row) {
    System.out.print(row);
    table.append(row);
  }

  public void publish() {
    System.out.print(table);
    if (System.getProperty("update-docs") == null) {
      return;
    }
    try {
      String document = Files.readString(DOCUMENT);
      String mark = "<!-- begin " + name + " -->\n";
      int begin = document.indexOf(mark) + mark.length();
      int end = document.indexOf("<!-- end " + name + " -->");
      Files.writeString(
          DOCUMENT, document.substring(0, begin) + "\n" + table + "\n" + document.substring(end));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
