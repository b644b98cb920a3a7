/** Starts Trino's server (configured through system properties) in this process. */
public class StartTrino {
    public static void main(String[] arguments) {
        new io.trino.server.Server().start(arguments[0]);
    }
}
