package dev.keybroker.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.util.Map;

/** A JSON object as it is printed, without the fields that have no value. */
final class Json {
  private static final Gson LINE = new GsonBuilder().disableHtmlEscaping().create();

  private final JsonObject object = new JsonObject();

  Json put(String name, String value) {
    if (value != null) {
      object.addProperty(name, value);
    }
    return this;
  }

  Json put(String name, Number value) {
    object.addProperty(name, value);
    return this;
  }

  Json put(String name, boolean value) {
    object.addProperty(name, value);
    return this;
  }

  Json put(String name, Map<String, String> pairs) {
    JsonObject value = new JsonObject();
    pairs.forEach(value::addProperty);
    object.add(name, value);
    return this;
  }

  @Override
  public String toString() {
    return LINE.toJson(object);
  }
}
