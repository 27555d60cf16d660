package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.qute.i18n.Message;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/// The pictures of the console in `src/docs`. [AdministratorsDayIT] draws them with
/// `-Dupdate-docs`.
class PagePictureTest {
  private static final String DRAW =
      " (./mvnw verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false"
          + " -Dit.test=AdministratorsDayIT -Dupdate-docs)";
  private static final List<String> HEADS = List.of("h2", "th", "dt");

  static Stream<PagePicture> pictures() {
    return PagePicture.IN_DOCS.values().stream();
  }

  private static String svg(PagePicture picture) throws IOException {
    return Files.readString(PagePicture.DOCS.resolve(picture.file()));
  }

  @ParameterizedTest
  @MethodSource("pictures")
  void picture_isSmall_passive_andWithoutSecrets(PagePicture picture) throws IOException {
    assertEquals(List.of(), PagePicture.faults(svg(picture)), picture.file());
  }

  /// A text that the console no longer has shows that a picture is old.
  @ParameterizedTest
  @MethodSource("pictures")
  void heads_ofThePicture_areTextsOfTheConsole(PagePicture picture) throws Exception {
    List<String> texts = new ArrayList<>();
    for (Method text : Texts.class.getDeclaredMethods()) {
      texts.add(text.getAnnotation(Message.class).value());
    }
    int heads = 0;
    TreeSet<String> unknown = new TreeSet<>();
    for (String name : HEADS) {
      NodeList found = PagePicture.parsed(svg(picture)).getElementsByTagNameNS("*", name);
      for (int i = 0; i < found.getLength(); i++) {
        String head = withoutFieldName(found.item(i));
        boolean isOfARow =
            found.item(i).getAttributes().getNamedItem("scope") != null
                && found.item(i).getAttributes().getNamedItem("scope").getNodeValue().equals("row");
        if (!isOfARow) {
          heads++;
          if (texts.stream().noneMatch(text -> text.contains(head))) {
            unknown.add(head);
          }
        }
      }
    }
    assertTrue(heads > 0, picture.file());
    assertEquals("[]", unknown.toString(), picture.file() + DRAW);
  }

  /// A head can end with the API's name for the same, as code.
  private static String withoutFieldName(Node head) {
    String text = head.getTextContent().strip();
    Node last = head.getLastChild();
    return last != null && "code".equals(last.getLocalName())
        ? text.substring(0, text.length() - last.getTextContent().length()).strip()
        : text;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<svg xmlns='http://www.w3.org/2000/svg'>",
        "<!DOCTYPE svg><svg xmlns='http://www.w3.org/2000/svg'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><style>@import 'x.css'</style></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><style>a{background:url(x.png)}</style></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='f()'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'><a href='https://example.org'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><input type='hidden' value='1'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'>eyJhbGciOiJSUzI1NiJ9</svg>",
      })
  void picture_thatIsMoreThanAPicture_hasAFault(String svg) throws IOException {
    assertFalse(PagePicture.faults(svg).isEmpty(), svg);
    assertEquals(
        List.of(), PagePicture.faults("<svg xmlns='http://www.w3.org/2000/svg'>page</svg>"));
  }

  @Test
  void pictures_areShown() throws IOException {
    String page = Files.readString(PagePicture.DOCS.resolve("administrator.md"));
    for (PagePicture picture : PagePicture.IN_DOCS.values()) {
      assertTrue(page.contains("](" + picture.file() + ")"), picture.file());
    }
  }
}
