import com.helger.diver.api.coord.DVRCoordinate;
import com.helger.io.resource.inmemory.ReadableResourceByteArray;
import com.helger.phive.api.execute.ValidationExecutionManager;
import com.helger.phive.api.executorset.ValidationExecutorSetRegistry;
import com.helger.phive.api.result.ValidationResultList;
import com.helger.phive.api.validity.IValidityDeterminator;
import com.helger.phive.en16931.EN16931Validation;
import com.helger.phive.xml.source.IValidationSourceXML;
import com.helger.phive.xml.source.ValidationSourceXML;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Holds each .xml file of a folder against the schemas of UBL 2.1 and CEN's rules for EN 16931, and
 * prints a line for whatever is wrong: file, tab, severity and rule. Prints "valid N" at the end, N
 * files without an error.
 */
public final class ValidateInvoices {
  private static final ValidationExecutorSetRegistry<IValidationSourceXML> RULES = new ValidationExecutorSetRegistry<>();

  public static void main(String[] arguments) throws Exception {
    EN16931Validation.initEN16931(RULES);
    List<Path> files;
    try (Stream<Path> all = Files.list(Path.of(arguments[0]))) {
      files = all.filter(file -> file.toString().endsWith(".xml")).sorted().collect(Collectors.toList());
    }
    long valid = files.parallelStream().filter(ValidateInvoices::isValid).count();
    System.out.println("valid " + valid);
  }

  private static boolean isValid(Path file) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      boolean credit = new String(bytes, 0, Math.min(bytes.length, 200), "UTF-8").contains("<CreditNote ");
      DVRCoordinate rules =
          credit ? EN16931Validation.VID_UBL_CREDIT_NOTE_1316 : EN16931Validation.VID_UBL_INVOICE_1316;
      ValidationResultList results = ValidationExecutionManager.executeValidation(
          IValidityDeterminator.createDefault(), RULES.getOfID(rules),
          ValidationSourceXML.create(new ReadableResourceByteArray(file.toString(), bytes)), Locale.ROOT);
      StringBuilder told = new StringBuilder();
      results.forEachFlattened(error -> told.append(file.getFileName()).append('\t')
          .append(error.getErrorLevel().getID()).append(' ')
          .append(error.getAsString(Locale.ROOT).replaceAll("\\s+", " ")).append('\n'));
      System.out.print(told);
      return results.containsNoError();
    } catch (Exception wrong) {
      System.out.println(file.getFileName() + "\terror " + wrong);
      return false;
    }
  }
}
