package ru.scoliologic.staging.cli;

import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.reconcile.plan.Rendering;

/** {@code operator render}: prints the objects that a manifest produces. */
@Command(
    name = "render",
    description = {
      "Prints every object that the operator would create for the environments of a" + " manifest.",
      "Nothing is read from or sent to a cluster, and no secret value is printed."
    },
    mixinStandardHelpOptions = true)
final class RenderCommand implements Callable<Integer> {
  @Spec private CommandSpec command;

  @Option(
      names = {"-f", "--file"},
      required = true,
      description =
          "Manifest with StagingEnvironments, or - for standard input. Secrets and ConfigMaps in it"
              + " are taken as present.")
  private String file;

  @Option(
      names = {"-n", "--namespace"},
      defaultValue = "default",
      description = "Namespace of objects that name none (default: ${DEFAULT-VALUE}).")
  private String namespace;

  @Override
  public Integer call() throws IOException {
    var given = read();
    var environments =
        given.stream()
            .filter(StagingEnvironment.class::isInstance)
            .map(StagingEnvironment.class::cast)
            .toList();
    if (environments.isEmpty()) {
      throw new ParameterException(
          command.commandLine(), file + " holds no StagingEnvironment: nothing to render");
    }
    int code = 0;
    for (var environment : environments) {
      code = Math.max(code, render(environment, given));
    }
    return code;
  }

  private int render(StagingEnvironment environment, List<HasMetadata> given) throws IOException {
    var err = command.commandLine().getErr();
    var problems = Rendering.problems(environment);
    if (!problems.isEmpty()) {
      problems.forEach(
          problem -> err.println(environment.getMetadata().getName() + ": " + problem));
      return 1;
    }
    var rendering = Rendering.of(environment, given);
    if (!rendering.configuration().isReady()) {
      err.println(environment.getMetadata().getName() + ": " + rendering.configuration().message());
    }
    print(rendering.objects(), command.commandLine().getOut());
    return 0;
  }

  /** One document per object with sorted keys, so that tests can compare the output. */
  private static void print(List<HasMetadata> objects, PrintWriter out) throws IOException {
    var yaml =
        new ObjectMapper(
                new YAMLFactory()
                    .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                    .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
                    .enable(YAMLGenerator.Feature.LITERAL_BLOCK_STYLE))
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);
    for (var object : objects) {
      out.print(yaml.writeValueAsString(object));
    }
    out.flush();
  }

  private List<HasMetadata> read() throws IOException {
    try (InputStream input = file.equals("-") ? System.in : Files.newInputStream(Path.of(file))) {
      var text = new String(input.readAllBytes(), StandardCharsets.UTF_8);
      Object parsed = new KubernetesSerialization().unmarshal(text);
      var objects = new ArrayList<HasMetadata>();
      for (var object : parsed instanceof Collection<?> many ? many : List.of(parsed)) {
        if (object instanceof HasMetadata resource) {
          objects.add(complete(resource));
        }
      }
      return objects;
    } catch (NoSuchFileException e) {
      throw new ParameterException(command.commandLine(), "no such file: " + file, e);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), file + " cannot be read: " + cause(e), e);
    }
  }

  private HasMetadata complete(HasMetadata object) {
    if (object.getMetadata().getNamespace() == null) {
      object.getMetadata().setNamespace(namespace);
    }
    if (object instanceof Secret secret && secret.getStringData() != null) {
      var data = new TreeMap<String, String>();
      if (secret.getData() != null) {
        data.putAll(secret.getData());
      }
      secret
          .getStringData()
          .forEach((key, value) ->
              data.put(
                  key, Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8))));
      secret.setData(data);
    }
    return object;
  }

  private static String cause(Throwable e) {
    return e.getCause() instanceof JsonMappingException json
        ? json.getOriginalMessage()
        : e.getMessage();
  }
}
