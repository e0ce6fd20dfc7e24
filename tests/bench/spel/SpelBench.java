import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.lang.reflect.Method;
import java.util.Map;
import org.springframework.core.convert.support.DefaultConversionService;
import org.springframework.expression.AccessException;
import org.springframework.expression.EvaluationContext;
import org.springframework.expression.Expression;
import org.springframework.expression.PropertyAccessor;
import org.springframework.expression.TypedValue;
import org.springframework.expression.common.TemplateParserContext;
import org.springframework.expression.spel.standard.SpelExpressionParser;
import org.springframework.expression.spel.support.StandardEvaluationContext;
import org.springframework.expression.spel.support.StandardTypeConverter;

/** Evaluates the cases of expressions_bench with Spring's SpEL: what it can do at best, and what parsing adds. */
public final class SpelBench {
  /** Reads maps by name, null for what is not there. */
  static final class Maps implements PropertyAccessor {
    @Override
    public Class<?>[] getSpecificTargetClasses() {
      return new Class<?>[] {Map.class};
    }

    @Override
    public boolean canRead(EvaluationContext context, Object target, String name) {
      return true;
    }

    @Override
    public TypedValue read(EvaluationContext context, Object target, String name) {
      return new TypedValue(((Map<?, ?>) target).get(name));
    }

    @Override
    public boolean canWrite(EvaluationContext context, Object target, String name) {
      return false;
    }

    @Override
    public void write(EvaluationContext context, Object target, String name, Object value) throws AccessException {
      throw new AccessException("not here");
    }
  }

  static Map<String, Object> stages;

  public static Object stage(String name) {
    return stages.get(name);
  }

  public static Integer toInt(String text) {
    return Integer.valueOf(text);
  }

  static final SpelExpressionParser PARSER = new SpelExpressionParser();
  static final TemplateParserContext TEMPLATE = new TemplateParserContext("${", "}");
  static final StandardTypeConverter CONVERTER = new StandardTypeConverter(new DefaultConversionService());

  static StandardEvaluationContext context(Object root) throws NoSuchMethodException {
    StandardEvaluationContext context = new StandardEvaluationContext(root);
    context.setTypeConverter(CONVERTER);
    context.addPropertyAccessor(new Maps());
    Method stage = SpelBench.class.getMethod("stage", String.class);
    Method toInt = SpelBench.class.getMethod("toInt", String.class);
    context.registerFunction("stage", stage);
    context.registerFunction("toInt", toInt);
    return context;
  }

  interface Work {
    Object run() throws Exception;
  }

  static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** Of this thread alone: the time of neighbours, and of Java's own compiler and collector, is not counted. */
  static long nanos() {
    return THREADS.getCurrentThreadCpuTime();
  }

  static double rate(double seconds, Work work) throws Exception {
    long warm = nanos() + (long) (seconds * 1e9);
    while (nanos() < warm) {
      for (int i = 0; i < 50; ++i) work.run();
    }
    long calls = 0;
    long begin = nanos();
    long passed;
    do {
      for (int i = 0; i < 50; ++i) work.run();
      calls += 50;
      passed = nanos() - begin;
    } while (passed < seconds * 1e9);
    return calls / (passed / 1e9);
  }

  @SuppressWarnings("unchecked")
  public static void main(String[] arguments) throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    JsonNode cases = mapper.readTree(new File(arguments[0]));
    Map<String, Object> root = mapper.convertValue(cases.get("root"), Map.class);
    stages = mapper.convertValue(cases.get("stages"), Map.class);
    double seconds = cases.get("seconds").asDouble();
    for (JsonNode each : cases.get("texts")) {
      String text = each.asText();
      Expression parsed = PARSER.parseExpression(text, TEMPLATE);
      StandardEvaluationContext kept = context(root);
      double once = rate(seconds, () -> parsed.getValue(kept));
      // As Spinnaker does: parsed anew, in a context of its own.
      double eachTime = rate(seconds, () -> PARSER.parseExpression(text, TEMPLATE).getValue(context(root)));
      System.out.printf("%.0f %.0f %s%n", once, eachTime, mapper.writeValueAsString(parsed.getValue(kept)));
    }
  }
}
