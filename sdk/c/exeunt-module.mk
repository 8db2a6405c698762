# Builds an exit or policy module from C and C++ source. A Makefile says what its module is, and includes this file:
#
#     MODULE  := archive                      # the name of what is built: archive.so, archive.dll
#     SOURCES := archive.cpp settings.cpp     # .c and .cpp, beside the Makefile; .rc for the DLL
#     include ../sdk/c/exeunt-module.mk
#
#     make            the shared object for Linux        BUILD/archive.so
#     make windows    the DLL, with mingw-w64            BUILD/archive.dll
#     make clean
#
# What is run is told in a word each; make V=1 shows the whole commands. May be set as well: BUILD (build), CPPFLAGS, CFLAGS, CXXFLAGS, LDLIBS, WINDOWS_LDLIBS, SANITIZE (address,undefined), OPTIMIZE (-O2).

EXEUNT_SDK := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
BUILD ?= build
OPTIMIZE ?= -O2 -g
WINDOWS_CXX ?= x86_64-w64-mingw32-g++-posix
WINDOWS_CC ?= x86_64-w64-mingw32-gcc-posix
WINDOWS_RC ?= x86_64-w64-mingw32-windres
WINDOWS_LDLIBS ?= -lole32 -loleaut32 -luuid -ladvapi32 -lcrypt32

EXEUNT_Q := $(if $(V),,@)
EXEUNT_SAYS = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-7s %s\n' $(1) $(2))

# -fshort-wchar                  WCHAR has 16 bits
# -D_GLIBCXX_ASSERTIONS          std::wstring is compiled anew: the library's own has 32-bit characters. Also checks its bounds
# -fno-builtin, _FORTIFY_SOURCE  no wide function of the C library comes in by a side door
EXEUNT_FLAGS := -fPIC -fshort-wchar -fno-builtin -fvisibility=hidden -ffunction-sections -fdata-sections \
    -U_FORTIFY_SOURCE -D_GNU_SOURCE -D_GLIBCXX_ASSERTIONS -I$(EXEUNT_SDK)/include -I$(BUILD)/include
ifdef SANITIZE
# Objects of the host have tables of functions, and nothing else of C++.
EXEUNT_FLAGS += -fsanitize=$(SANITIZE) -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

EXEUNT_RUNTIME := $(patsubst $(EXEUNT_SDK)/runtime/%.cpp,$(BUILD)/runtime/%.o,$(wildcard $(EXEUNT_SDK)/runtime/*.cpp))
EXEUNT_OBJECTS := $(patsubst %,$(BUILD)/linux/%.o,$(filter-out %.rc,$(SOURCES)))
EXEUNT_WINDOWS_OBJECTS := $(patsubst %,$(BUILD)/windows/%.o,$(SOURCES)) $(BUILD)/windows/certidl.o
EXEUNT_WINDOWS_KIT := $(wildcard $(EXEUNT_SDK)/windows/include/*.h) $(EXEUNT_SDK)/include/exeunt_certenc2.h
EXEUNT_HEADERS := $(wildcard $(EXEUNT_SDK)/include/*.h) $(EXEUNT_SDK)/runtime/runtime.h $(wildcard *.h)

# What is made is written beside, and put in place when it is whole: a build that was killed leaves nothing that the next one
# takes for made.

.PHONY: linux windows clean
linux: $(BUILD)/$(MODULE).so
windows: $(BUILD)/$(MODULE).dll

$(BUILD)/$(MODULE).so: $(EXEUNT_OBJECTS) $(EXEUNT_RUNTIME) $(EXEUNT_SDK)/module.map
	$(call EXEUNT_SAYS,link,$@)
	$(EXEUNT_Q)$(CXX) $(EXEUNT_FLAGS) -shared -Wl,-Bsymbolic -Wl,--gc-sections -Wl,--version-script=$(EXEUNT_SDK)/module.map \
	    $(EXEUNT_OBJECTS) $(EXEUNT_RUNTIME) $(LDFLAGS) $(LDLIBS) -ldl -lpthread -o $@.part
	@$(EXEUNT_SDK)/check-module $@.part
	@mv $@.part $@

# <Windows.h> is <windows.h> on Windows: names in the source are made to fit the files, those of the kit and those of mingw-w64.
$(BUILD)/include/.stamp: $(SOURCES) $(wildcard *.h)
	@mkdir -p $(dir $@)
	@$(EXEUNT_SDK)/header-aliases $(EXEUNT_SDK)/include $(dir $@) $^
	@touch $@
EXEUNT_WINDOWS_HEADERS = $(patsubst %/windows.h,%,$(firstword $(filter %/windows.h,$(shell $(WINDOWS_CXX) -x c++ -M -include windows.h /dev/null))))
$(BUILD)/windows/include/.stamp: $(SOURCES) $(wildcard *.h)
	@mkdir -p $(dir $@)
	@$(EXEUNT_SDK)/header-aliases $(EXEUNT_WINDOWS_HEADERS) $(dir $@) $^
	@touch $@

$(BUILD)/linux/%.cpp.o: %.cpp $(EXEUNT_HEADERS) $(BUILD)/include/.stamp
	@mkdir -p $(dir $@)
	$(call EXEUNT_SAYS,compile,$<)
	$(EXEUNT_Q)$(CXX) -std=c++17 $(EXEUNT_FLAGS) $(OPTIMIZE) $(CPPFLAGS) $(CXXFLAGS) -c $< -o $@.part
	@mv $@.part $@
$(BUILD)/linux/%.c.o: %.c $(EXEUNT_HEADERS) $(BUILD)/include/.stamp
	@mkdir -p $(dir $@)
	$(call EXEUNT_SAYS,compile,$<)
	$(EXEUNT_Q)$(CC) -std=gnu11 $(EXEUNT_FLAGS) $(OPTIMIZE) $(CPPFLAGS) $(CFLAGS) -c $< -o $@.part
	@mv $@.part $@
$(BUILD)/runtime/%.o: $(EXEUNT_SDK)/runtime/%.cpp $(EXEUNT_HEADERS)
	@mkdir -p $(dir $@)
	$(call EXEUNT_SAYS,compile,runtime/$(notdir $<))
	$(EXEUNT_Q)$(CXX) -std=c++17 $(EXEUNT_FLAGS) $(OPTIMIZE) -Wall -Wextra -c $< -o $@.part
	@mv $@.part $@

# On Windows the system's own headers and libraries serve. What mingw-w64 lacks of certificate services is added: GUIDs and what
# __uuidof says of them, the second interfaces of the encoding objects, one event.
# Formats mean what they mean on Windows: %s in a wide text is a wide text. The C++ headers of mingw-w64 would have it otherwise,
# unless these two come first.
EXEUNT_WINDOWS_FLAGS = $(OPTIMIZE) -DUNICODE -D_UNICODE -DEXITEVENT_CERTIMPORTED=0x200 \
    -D__USE_MINGW_ANSI_STDIO=0 -include stdio.h -include wchar.h -I$(BUILD)/windows/include \
    -I$(EXEUNT_SDK)/windows/include $(CPPFLAGS)
$(BUILD)/$(MODULE).dll: $(EXEUNT_WINDOWS_OBJECTS)
	$(call EXEUNT_SAYS,link,$@)
	$(EXEUNT_Q)$(WINDOWS_CXX) -shared -static -s $(EXEUNT_WINDOWS_OBJECTS) $(wildcard $(MODULE).def) $(WINDOWS_LDLIBS) \
	    -o $(BUILD)/windows/$(MODULE).dll
	@mv $(BUILD)/windows/$(MODULE).dll $@
$(BUILD)/windows/%.cpp.o: %.cpp $(wildcard *.h) $(EXEUNT_WINDOWS_KIT) $(BUILD)/windows/include/.stamp
	@mkdir -p $(dir $@)
	$(call EXEUNT_SAYS,compile,$<)
	$(EXEUNT_Q)$(WINDOWS_CXX) -std=c++17 $(EXEUNT_WINDOWS_FLAGS) $(CXXFLAGS) -c $< -o $@.part
	@mv $@.part $@
$(BUILD)/windows/%.c.o: %.c $(wildcard *.h) $(EXEUNT_WINDOWS_KIT) $(BUILD)/windows/include/.stamp
	@mkdir -p $(dir $@)
	$(call EXEUNT_SAYS,compile,$<)
	$(EXEUNT_Q)$(WINDOWS_CC) -std=gnu11 $(EXEUNT_WINDOWS_FLAGS) $(CFLAGS) -c $< -o $@.part
	@mv $@.part $@
$(BUILD)/windows/%.rc.o: %.rc $(wildcard *.h) $(BUILD)/windows/include/.stamp
	@mkdir -p $(dir $@)
	$(call EXEUNT_SAYS,compile,$<)
	$(EXEUNT_Q)$(WINDOWS_RC) -DUNICODE -D_UNICODE -I$(BUILD)/windows/include -I. -O coff $< $@.part
	@mv $@.part $@
$(BUILD)/windows/certidl.o: $(EXEUNT_SDK)/windows/certidl.c
	@mkdir -p $(dir $@)
	$(call EXEUNT_SAYS,compile,$(notdir $<))
	$(EXEUNT_Q)$(WINDOWS_CC) -std=gnu11 $(OPTIMIZE) -c $< -o $@.part
	@mv $@.part $@

clean:
	rm -rf $(BUILD)
