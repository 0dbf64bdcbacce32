package ru.scoliologic.staging.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.util.Optional;
import org.slf4j.Logger;

/**
 * What is logged, and how: one line for each message, to standard output. Not an XML file, because
 * reading one takes 400 classes and a tenth of the time to start. The variable {@code LOG_LEVEL} is
 * the level of the operator's own messages; a file named by the system property {@code
 * logback.configurationFile} replaces all of this.
 */
public final class LogConfiguration extends ContextAwareBase implements Configurator {
  private static final String PATTERN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z',UTC} %-5level %logger{0} %msg %kvp%n%ex{short}";

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    if (System.getProperty("logback.configurationFile") != null) {
      return ExecutionStatus.INVOKE_NEXT_IF_ANY;
    }
    var encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern(PATTERN);
    encoder.start();
    var stdout = new ConsoleAppender<ILoggingEvent>();
    stdout.setContext(context);
    stdout.setName("stdout");
    stdout.setEncoder(encoder);
    stdout.start();
    var root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.INFO);
    root.addAppender(stdout);
    level(context, "ru.scoliologic.staging", own());
    level(context, "io.javaoperatorsdk", Level.WARN);
    // It warns of each error that a pass ends with; ErrorLog tells those, each stack once.
    level(context, "io.javaoperatorsdk.operator.processing.event.EventProcessor", Level.ERROR);
    level(context, "io.fabric8", Level.WARN);
    // It warns of every kind of version v1alpha1, which is this operator's own.
    level(context, "io.fabric8.kubernetes.client.dsl.internal.VersionUsageUtils", Level.ERROR);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  private static Level own() {
    return Level.toLevel(Optional.ofNullable(System.getenv("LOG_LEVEL")).orElse(""), Level.INFO);
  }

  private static void level(LoggerContext context, String logger, Level level) {
    context.getLogger(logger).setLevel(level);
  }
}
