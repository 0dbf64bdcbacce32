package ru.scoliologic.staging.validation;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * A JUnit XML document from a log.
 *
 * @param cases failed ones first, {@value #MAX_CASES} at most; skipped ones are left out
 * @param problem why there are none
 */
public record JUnitReport(List<Case> cases, Optional<String> problem) {
  static final int MAX_CASES = 50;
  private static final int MAX_NAME = 150;
  private static final int MAX_FAILURE = 400;

  /** Of a Job whose pod no longer exists. */
  static final JUnitReport GONE = unreadable("its pod is gone, and its report with it");

  /** One test case, with the failure message of the test if it failed. */
  public record Case(String name, Optional<String> failure) {}

  public static JUnitReport unreadable(String why) {
    return new JUnitReport(List.of(), Optional.of(why));
  }

  /**
   * Finds the last document in a log and reads it: no DTD, no entity but XML's own.
   *
   * @param mask is applied to each name and failure before it is shortened
   */
  public static JUnitReport of(String log, UnaryOperator<String> mask) {
    var document = document(log);
    if (document.isEmpty()) {
      return unreadable("no JUnit XML document in its log");
    }
    try {
      var cases = cases(document.get(), mask);
      return cases.isEmpty()
          ? unreadable("the JUnit XML in its log has no test case that ran")
          : new JUnitReport(bounded(cases), Optional.empty());
    } catch (XMLStreamException e) {
      return unreadable(
          "the JUnit XML in its log cannot be read: line %d"
              .formatted(e.getLocation() == null ? 0 : e.getLocation().getLineNumber()));
    }
  }

  /** The last one under {@code testsuites}, or else all that a {@code testsuite} encloses. */
  private static Optional<String> document(String log) {
    int many = Math.max(log.lastIndexOf("<testsuites>"), log.lastIndexOf("<testsuites "));
    int one = log.indexOf("<testsuite ");
    int from = many >= 0 ? many : one;
    var close = many >= 0 ? "</testsuites>" : "</testsuite>";
    int to = log.lastIndexOf(close);
    return from >= 0 && to > from
        ? Optional.of(log.substring(from, to + close.length()))
        : Optional.empty();
  }

  private static List<Case> cases(String document, UnaryOperator<String> mask)
      throws XMLStreamException {
    var factory = XMLInputFactory.newFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    factory.setProperty(XMLInputFactory.IS_REPLACING_ENTITY_REFERENCES, false);
    var xml = factory.createXMLStreamReader(new StringReader(document));
    var cases = new ArrayList<Case>();
    while (xml.hasNext()) {
      if (xml.next() == XMLStreamConstants.START_ELEMENT && xml.getLocalName().equals("testcase")) {
        testCase(xml, mask).ifPresent(cases::add);
      }
    }
    return cases;
  }

  /** Reads on to the end of the element; nothing for a test that was skipped. */
  private static Optional<Case> testCase(XMLStreamReader xml, UnaryOperator<String> mask)
      throws XMLStreamException {
    var of = attribute(xml, "classname");
    var name = attribute(xml, "name");
    var full = of.isEmpty() || of.equals(name) ? name : of + " " + name;
    Optional<String> failure = Optional.empty();
    boolean skipped = false;
    for (int depth = 1; depth > 0; ) {
      switch (xml.next()) {
        case XMLStreamConstants.START_ELEMENT -> {
          depth++;
          skipped |= xml.getLocalName().equals("skipped");
          if (failure.isEmpty()
              && (xml.getLocalName().equals("failure") || xml.getLocalName().equals("error"))) {
            failure = Optional.of(said(xml));
            depth--;
          }
        }
        case XMLStreamConstants.END_ELEMENT -> depth--;
        default -> {}
      }
    }
    return skipped
        ? Optional.empty()
        : Optional.of(
            new Case(
                shortened(mask.apply(full.isBlank() ? "unnamed" : full), MAX_NAME),
                failure.map(text -> shortened(mask.apply(text), MAX_FAILURE))));
  }

  /** The message, or else the text, in one line; reads on to the end of the element. */
  private static String said(XMLStreamReader xml) throws XMLStreamException {
    var message = attribute(xml, "message");
    var text = new StringBuilder();
    for (int depth = 1; depth > 0; ) {
      switch (xml.next()) {
        case XMLStreamConstants.START_ELEMENT -> depth++;
        case XMLStreamConstants.END_ELEMENT -> depth--;
        case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA -> text.append(xml.getText());
        default -> {}
      }
    }
    var said = message.isBlank() ? text.toString() : message;
    return said.isBlank() ? "failed" : said.strip().replaceAll("\\s*\\n\\s*", "; ");
  }

  private static String attribute(XMLStreamReader xml, String name) {
    var value = xml.getAttributeValue(null, name);
    return value == null ? "" : value;
  }

  private static List<Case> bounded(List<Case> cases) {
    var sorted =
        cases.stream().sorted(Comparator.comparing((Case row) -> row.failure().isEmpty())).toList();
    if (sorted.size() <= MAX_CASES) {
      return sorted;
    }
    var rest = sorted.subList(MAX_CASES - 1, sorted.size());
    long failed = rest.stream().filter(row -> row.failure().isPresent()).count();
    var bounded = new ArrayList<>(sorted.subList(0, MAX_CASES - 1));
    bounded.add(
        new Case(
            "%d more test cases".formatted(rest.size()),
            failed == 0 ? Optional.empty() : Optional.of("%d of them failed".formatted(failed))));
    return List.copyOf(bounded);
  }

  private static String shortened(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length) + "…";
  }
}
