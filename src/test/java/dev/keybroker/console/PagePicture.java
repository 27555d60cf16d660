package dev.keybroker.console;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/// A page of the console as one SVG file without references to others: its elements, the rules of
/// its style sheets that apply to them, and what its fields hold.
///
/// @param height the most pixels of the page that it shows, from the top
record PagePicture(String file, int height) {
  /// The pictures that the documentation shows, by the names of the pages in the browser's test.
  static final Map<String, PagePicture> IN_DOCS =
      Map.of(
          "keystores", new PagePicture("console-keystores.svg", 900),
          "withdrawn", new PagePicture("console-keystore.svg", 2_000),
          "test-failed", new PagePicture("console-onboarding.svg", 1_000),
          "audit", new PagePicture("console-audit.svg", 900));

  static final Path DOCS = Path.of("src/docs");

  private static final int WIDTH = 1200;
  private static final int MOST_BYTES = 150_000;
  private static final Pattern URL = Pattern.compile("url\\((?!\"?data:image/svg)|@import");
  private static final Pattern SECRET =
      Pattern.compile("eyJ[\\w-]{8}|\\bA[KS]IA[0-9A-Z]{8}|BEGIN [A-Z ]*KEY|csrf|(?i:bearer )");

  private static final String SVG =
      """
      (async most => {
        const applies = selector => {
          const elements = selector.replace(/(^|,)::?(before|after)/g, '$1*').replace(/::?(before|after)/g, '');
          try {
            return document.querySelector(elements) !== null;
          } catch (unknown) {
            return false;
          }
        };
        const css = [];
        const keep = text => {
          for (let start = 0, open; (open = text.indexOf('{', start)) >= 0; ) {
            let end = open, depth = 0;
            do {
              depth += text[end] === '{' ? 1 : text[end] === '}' ? -1 : 0;
              end++;
            } while (depth > 0);
            const head = text.slice(start, open).trim();
            const body = text.slice(open + 1, end - 1);
            start = end;
            if (head.startsWith('@media')) {
              if (matchMedia(head.slice(6)).matches) keep(body);
            } else if (head.startsWith('@supports')) {
              if (CSS.supports(head.slice(9))) keep(body);
            } else if (!head.startsWith('@') && applies(head)) {
              css.push(`${head}{${body.trim()}}`);
            }
          }
        };
        // As written: browsers lose shorthands with variables when they write rules.
        for (const sheet of document.styleSheets) {
          const text = await (await fetch(sheet.href)).text();
          keep(text.replace(/\\/\\*[^]*?\\*\\/|@charset[^;]*;/g, ''));
        }

        const page = document.documentElement.cloneNode(true);
        const original = document.querySelectorAll('input, textarea, option');
        page.querySelectorAll('input, textarea, option').forEach((field, i) => {
          if (field instanceof HTMLOptionElement) {
            field.toggleAttribute('selected', original[i].selected);
          } else if (['checkbox', 'radio'].includes(field.type)) {
            field.toggleAttribute('checked', original[i].checked);
          } else if (field instanceof HTMLTextAreaElement) {
            field.textContent = original[i].value;
          } else {
            field.setAttribute('value', original[i].value);
          }
        });
        const unseen =
          'head, script, link, .skip, input[type=hidden], details:not([open]) > :not(summary)';
        page.querySelectorAll(unseen).forEach(it => it.remove());
        for (const element of [page, ...page.querySelectorAll('*')]) {
          for (const name of element.getAttributeNames()) {
            if (/^(hx-|data-|href$|action$|formaction$|tabindex$)/.test(name)) {
              element.removeAttribute(name);
            }
          }
        }
        page.querySelectorAll('a').forEach(it => it.setAttribute('href', '#'));

        const space = 'http://www.w3.org/2000/svg';
        const height = Math.min(most, document.documentElement.scrollHeight);
        const picture = document.implementation.createDocument(space, 'svg');
        const root = picture.documentElement;
        const frame = picture.createElementNS(space, 'foreignObject');
        for (const it of [root, frame]) {
          it.setAttribute('width', innerWidth);
          it.setAttribute('height', height);
        }
        root.setAttribute('viewBox', `0 0 ${innerWidth} ${height}`);
        const style = picture.createElementNS(space, 'style');
        style.textContent = css.join('\\n');
        page.style.display = 'block';
        page.style.minHeight = height + 'px';
        page.style.background = getComputedStyle(document.documentElement).backgroundColor;
        frame.append(picture.importNode(page, true));
        root.append(style, frame);
        return new XMLSerializer().serializeToString(picture) + '\\n';
      })(%d)
      """;

  /// Draws the page that a browser shows, into a folder and, with `-Dupdate-docs`, into the
  /// documentation.
  void draw(Browser browser, Path folder) throws IOException {
    browser.prefer("light");
    browser.resize(WIDTH);
    String svg = browser.evaluate(SVG.formatted(height)).asText();
    Files.writeString(folder.resolve(file), svg);
    List<String> faults = faults(svg);
    if (!faults.isEmpty()) {
      throw new AssertionError(file + ": " + faults);
    }
    if (System.getProperty("update-docs") != null) {
      Files.writeString(DOCS.resolve(file), svg);
    }
  }

  /// What a picture for everybody must not be: malformed, large, active, made of other files, or
  /// with a secret in it.
  static List<String> faults(String svg) throws IOException {
    List<String> faults = new ArrayList<>();
    int bytes = svg.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MOST_BYTES) {
      faults.add(bytes + " bytes");
    }
    Matcher secret = SECRET.matcher(svg);
    if (secret.find()) {
      faults.add("a secret: " + secret.group());
    }
    Document picture;
    try {
      picture = parsed(svg);
    } catch (SAXException e) {
      faults.add("malformed: " + e.getMessage());
      return faults;
    }
    NodeList elements = picture.getElementsByTagNameNS("*", "*");
    for (int i = 0; i < elements.getLength(); i++) {
      Element element = (Element) elements.item(i);
      String name = element.getLocalName();
      if (List.of("script", "link", "img", "image", "iframe", "object", "use", "animate", "set")
              .contains(name)
          || element.getAttribute("type").equals("hidden")) {
        faults.add("an element: " + name);
      }
      if (name.equals("style") && URL.matcher(element.getTextContent()).find()) {
        faults.add("a style with a reference");
      }
      NamedNodeMap attributes = element.getAttributes();
      for (int j = 0; j < attributes.getLength(); j++) {
        String attribute = attributes.item(j).getLocalName();
        String value = attributes.item(j).getNodeValue();
        if (attribute.startsWith("on")
            || (List.of("href", "src", "action", "formaction").contains(attribute)
                && !value.equals("#"))
            || (attribute.equals("style") && URL.matcher(value).find())) {
          faults.add("an attribute: " + attribute + "=" + value);
        }
      }
    }
    return faults;
  }

  /// Parses a picture, without entities of others.
  static Document parsed(String svg) throws IOException, SAXException {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newDefaultNSInstance();
    try {
      factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      return factory
          .newDocumentBuilder()
          .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    } catch (ParserConfigurationException e) {
      throw new IllegalStateException(e);
    }
  }
}
