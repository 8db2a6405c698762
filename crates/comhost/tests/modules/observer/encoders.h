// What the test module does with the encoding objects of the host.

#pragma once

#include <functional>
#include <string>

namespace observer {

typedef std::function<void(const std::string &)> Write;

// Uses each through its table and by name, and writes down what comes of it.
void use_encoders(const Write &write);

// The same, of their second interfaces.
void use_blobs(const Write &write);

} // namespace observer
