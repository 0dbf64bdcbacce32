package ru.scoliologic.staging.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** What differs between two states of an environment's objects, told so that a person finds it. */
final class Differences {
  private static final int MAX_VALUE = 200;

  private Differences() {}

  /**
   * One line a difference: object, JSON pointer, what it was and what it is.
   *
   * @param before objects by kind and name
   */
  static List<String> between(Map<String, JsonNode> before, Map<String, JsonNode> now) {
    var lines = new ArrayList<String>();
    var names = new TreeSet<>(before.keySet());
    names.addAll(now.keySet());
    for (var name : names) {
      if (!now.containsKey(name)) {
        lines.add(name + " is not there any more");
      } else if (!before.containsKey(name)) {
        lines.add(name + " is there in addition");
      } else {
        compare(name + " ", before.get(name), now.get(name), lines);
      }
    }
    return lines;
  }

  private static void compare(String path, JsonNode was, JsonNode is, List<String> lines) {
    if (was.equals(is)) {
      return;
    }
    if (was.isObject() && is.isObject()) {
      var names = new TreeSet<String>();
      was.fieldNames().forEachRemaining(names::add);
      is.fieldNames().forEachRemaining(names::add);
      names.forEach(name ->
          compare(
              path + "/" + name.replace("~", "~0").replace("/", "~1"),
              was.path(name),
              is.path(name),
              lines));
    } else if (was.isArray() && is.isArray() && was.size() == is.size()) {
      for (int i = 0; i < was.size(); i++) {
        compare(path + "/" + i, was.get(i), is.get(i), lines);
      }
    } else {
      lines.add("%s was %s and is %s".formatted(path, shown(was), shown(is)));
    }
  }

  private static String shown(JsonNode value) {
    var text = value.isMissingNode() ? "absent" : value.toString();
    return text.length() <= MAX_VALUE ? text : text.substring(0, MAX_VALUE) + "…";
  }
}
